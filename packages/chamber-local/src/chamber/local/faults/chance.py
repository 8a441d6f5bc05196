"""Faults by chance: which request is befallen by which, as a pure function of the seed and the request's number."""

import random

import msgspec

from chamber.core.errors import ConfigurationError
from chamber.local.faults.kinds import Fault

__all__ = ["Chance", "drawn"]


class Chance(msgspec.Struct, frozen=True):
    """`rate` of the requests, 0 to 1, are befallen by one of `faults`, at most `most_in_a_row` one after the other.

    Raises ConfigurationError: a number is out of its range, or there is no fault, or one that is not of requests.
    """

    seed: int
    rate: float
    faults: tuple[Fault, ...]
    most_in_a_row: int

    def __post_init__(self) -> None:
        if not 0 <= self.rate <= 1:
            raise ConfigurationError(f"rate={self.rate!r} is not 0 to 1")
        if self.most_in_a_row < 1:
            raise ConfigurationError(f"most_in_a_row={self.most_in_a_row!r} is not 1 or more")
        if not self.faults or any(fault.kind == "refuse" for fault in self.faults):
            raise ConfigurationError("kinds needs at least one kind; refuse is not of requests: add() it by itself")


def drawn(chance: Chance, number: int) -> Fault | None:
    """What befalls the request of that number, from 1; None is nothing."""
    if _row(chance, number) % (chance.most_in_a_row + 1) == 0:
        return None
    return _dice(chance, number, "kind").choice(chance.faults)


def _row(chance: Chance, number: int) -> int:
    """How many requests in a row, up to this one, chance has struck."""
    if chance.rate == 1:
        return number
    length = 0
    while length < number and _dice(chance, number - length, "rate").random() < chance.rate:
        length += 1
    return length


def _dice(chance: Chance, number: int, purpose: str) -> random.Random:
    return random.Random(f"{chance.seed}:{number}:{purpose}")  # noqa: S311
