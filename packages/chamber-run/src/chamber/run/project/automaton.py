"""Regular expressions of signs, classes and stars, matched in a time that grows with the text alone.

`re` tries every way to divide a text among the stars of an expression: five of them take seconds for one path.
"""

import re
from collections.abc import Collection
from functools import cache

__all__ = ["Automaton"]

_PART = re.compile(r"(?P<folders>\(\.\*/\)\?)|(?P<sign>\\.|\[(?:\\.|[^\]\\])*\]|.)(?P<star>\*?)", re.DOTALL)
_MOST_STEPS = 50_000

#: Places in the expression at which a match may go on.
_Places = frozenset[int]


class Automaton:
    """One expression made of single signs and classes, each perhaps with a ``*``, of ``(.*/)?`` and of ``^``."""

    def __init__(self, expression: str) -> None:
        #: For each place the sign that leads on from it, and whether it leads back to the same place.
        self._signs: list[tuple[str, bool]] = []
        #: Place → another one that is reached from it without a sign.
        self._ways: dict[int, int] = {}
        #: Places of a ``^``, which leads on before the first sign of the text and nowhere else.
        self._anchors: set[int] = set()
        for part in _PART.finditer(expression.lstrip("^")):
            if part["folders"]:
                self._ways[len(self._signs)] = len(self._signs) + 3
                self._signs += [("", True), (".", True), ("/", False)]
            elif part["sign"] == "^":
                self._anchors.add(len(self._signs))
                self._signs.append(("", False))
            else:
                self._signs.append((part["sign"], bool(part["star"])))
        self._end = len(self._signs)
        self._steps: dict[tuple[_Places, str], _Places] = {}

    def matches(self, text: str) -> bool:
        """Whether the expression says the whole text."""
        places = self._reached({0}, self._anchors)
        for sign in text:
            following = self._steps.get((places, sign))
            if following is None:
                following = self._step(places, sign)
            places = following
        return self._end in places

    def _step(self, places: _Places, sign: str) -> _Places:
        led = {place: self._signs[place] for place in places if place < self._end}
        found = {place + (not loops) for place, (wanted, loops) in led.items() if wanted and _is(wanted, sign)}
        if len(self._steps) >= _MOST_STEPS:
            self._steps.clear()
        return self._steps.setdefault((places, sign), self._reached(found))

    def _reached(self, places: set[int], passed: Collection[int] = ()) -> _Places:
        """The places, and those that follow without a sign: what has a star may be left out, and what is `passed`."""
        waiting = list(places)
        while waiting:
            place = waiting.pop()
            is_free = place in passed or (place < self._end and self._signs[place][1])
            on = [place + 1] if is_free else []
            on += [self._ways[place]] if place in self._ways else []
            waiting += [other for other in on if other not in places]
            places.update(on)
        return frozenset(places)


@cache
def _expression(wanted: str) -> re.Pattern[str]:
    return re.compile(wanted)


def _is(wanted: str, sign: str) -> bool:
    return _expression(wanted).fullmatch(sign) is not None
