"""Finds out what a project is: from its files alone, without running anything of it."""

from chamber.run.detection.project import detect

__all__ = ["detect"]
