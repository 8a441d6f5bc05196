"""Many submissions while a third of all answers is faulty: none doubled, none lost, none that nobody was told of."""

from reliability.chaos.command import main

__all__ = ["main"]
