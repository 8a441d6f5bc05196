"""What a client has learnt of how its server spells things."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

__all__ = ["Case", "Dialect", "spelt"]

Case = Literal["lower", "upper"]


class Dialect:
    """The case of statuses in filters: the dialects differ, and a filter in the wrong one finds nothing."""

    def __init__(self) -> None:
        #: The case in which a filter last found something; None until one has.
        self.status_case: Case | None = None

    def cases(self) -> tuple[Case, ...]:
        """The cases in which to ask, in this order, until one finds something."""
        return (self.status_case,) if self.status_case else ("lower", "upper")


def spelt(words: Iterable[str], case: Case) -> list[str]:
    """The words in that case."""
    return [word.lower() if case == "lower" else word.upper() for word in words]
