"""What is told of a run, step by step."""

from typing import Self

__all__ = ["WARNING", "Step"]

#: How the message about something surprising begins.
WARNING = "warning: "


class Step(str):
    """A message that knows how much is done, of how much, where that can be counted: in bytes."""

    __slots__ = ("done", "total")

    done: int | None
    total: int | None

    def __new__(cls, message: str, done: int | None = None, total: int | None = None) -> Self:
        step = super().__new__(cls, message)
        step.done, step.total = done, total
        return step

    @property
    def fraction(self) -> float | None:
        """How much is done, from 0 to 1; None where it cannot be counted."""
        return min(1.0, self.done / self.total) if self.total and self.done is not None else None
