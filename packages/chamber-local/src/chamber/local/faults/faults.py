"""`LocalChamber().faults`: which faults are to come, and which came."""

import fnmatch
import threading
from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from chamber.core.errors import ConfigurationError
from chamber.local.faults.chance import Chance, drawn
from chamber.local.faults.kinds import ANSWERS, Fault, Injected, Kind

__all__ = ["Due", "Entrance", "Faults"]


class Entrance(Protocol):
    """Where connections come in. Called in any thread but the server's."""

    def shut(self, seconds: float | None) -> None:
        """Refuses connections, for that long or until opened."""

    def open(self) -> None:
        """Takes connections again."""


class Due(msgspec.Struct, frozen=True):
    """A fault that is to befall the request of that number; `rule` is what it counts for."""

    fault: Fault
    number: int
    rule: "_Rule | None"


class Faults:
    """The faults of one Chamber, for any thread. They outlast its stop.

    ::

        chamber.faults.add("reset_after", method="POST", path="/v1/workloads", times=2)
        chamber.faults.seed(7, rate=0.3, kinds=["reset_before", "reset_after", "status"])
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[_Rule] = []
        self._chance: tuple[Chance, int] | None = None
        self._requests = 0
        self._log: list[Injected] = []
        self._entrance: Entrance | None = None
        #: True while connections are refused until the faults are cleared.
        self.refusing: bool = False

    @property
    def log(self) -> tuple[Injected, ...]:
        """What befell requests so far, in order."""
        return tuple(self._log)

    def add(
        self,
        kind: Kind,
        *,
        method: str | None = None,
        path: str | None = None,
        times: int | None = 1,
        seconds: float | None = None,
        status: int = 503,
        headers: Mapping[str, str] | None = None,
        body: str | bytes = b"",
        acted: bool = False,
    ) -> None:
        """Lets a fault befall the next `times` requests, or all (None), by `method` and `path` where these are given.

        `path` may hold ``*``: ``/v1/workloads/*``. What the kinds are and what the others mean is said by `Fault`.
        The first rule that fits counts. ``refuse`` acts at once, on every connection.

        Raises ConfigurationError.
        """
        fault = Fault(kind=kind, seconds=seconds, status=status, headers=headers or {}, body=body, acted=acted)
        if kind == "refuse":
            self._refuse(seconds, narrowed=bool(method or path or times != 1))
            return
        if times is not None and times < 1:
            raise ConfigurationError(f"times={times!r} is not 1 or more, or None for all")
        with self._lock:
            self._rules.append(_Rule(fault, method, path, times))

    def seed(self, seed: int, *, rate: float, kinds: Sequence[Kind | Fault] = ANSWERS, most_in_a_row: int = 3) -> None:
        """Lets faults befall requests by chance, for which the request's number from now on and the seed decide.

        `rate` of the requests, 0 to 1, and at most `most_in_a_row` one after the other. Added rules go before.

        Raises ConfigurationError.
        """
        faults = tuple(kind if isinstance(kind, Fault) else Fault(kind=kind) for kind in kinds)
        chance = Chance(seed, rate, faults, most_in_a_row)
        with self._lock:
            self._chance = chance, self._requests

    def clear(self) -> None:
        """Ends all faults. The log stays."""
        with self._lock:
            self._rules, self._chance, self.refusing = [], None, False
        if self._entrance:
            self._entrance.open()

    def attach(self, entrance: Entrance | None) -> None:
        """Says where connections come in; None: nowhere any more."""
        self._entrance, self.refusing = entrance, False

    def due(self, method: str, path: str) -> Due | None:
        """Counts a request, and says what is to befall it."""
        with self._lock:
            self._requests += 1
            rule = next((rule for rule in self._rules if rule.fits(method, path)), None)
            if rule is not None:
                rule.used += 1
                return Due(rule.fault, self._requests, rule)
            fault = drawn(self._chance[0], self._requests - self._chance[1]) if self._chance else None
            return Due(fault, self._requests, None) if fault else None

    def came(self, due: Due, method: str, path: str) -> None:
        """Logs a fault that befell its request."""
        self._log.append(Injected(due.number, due.fault.kind, method, path))

    def passed(self, due: Due) -> None:
        """Lets a rule keep a fault that its request was no place for."""
        with self._lock:
            if due.rule is not None:
                due.rule.used -= 1

    def _refuse(self, seconds: float | None, *, narrowed: bool) -> None:
        if narrowed:
            raise ConfigurationError("refuse is of connections, which have no method, path or times: give it seconds")
        if self._entrance is None:
            raise ConfigurationError("refuse needs a Chamber that is running")
        self.refusing = seconds is None
        self._entrance.shut(seconds)


class _Rule:
    """A fault and the requests that it is for."""

    def __init__(self, fault: Fault, method: str | None, path: str | None, times: int | None) -> None:
        self.fault: Fault = fault
        self.used: int = 0
        self._method, self._path, self._times = method, path, times

    def fits(self, method: str, path: str) -> bool:
        return (
            (self._times is None or self.used < self._times)
            and (self._method is None or self._method.upper() == method)
            and (self._path is None or fnmatch.fnmatchcase(path, self._path))
        )
