"""The embedded Chamber: API, scheduler, image registry and executors on your own machine."""

from chamber.local.embedded import LocalChamber

__all__ = ["LocalChamber"]
