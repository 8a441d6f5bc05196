"""The environments that jobs run in, on which the markers of requirements are evaluated (PEP 508)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct
from packaging.markers import Marker
from packaging.specifiers import SpecifierSet

from chamber.core.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

__all__ = ["DEFAULT_PYTHON", "PYTHONS", "Environment", "applies", "environments", "marker_of"]

DEFAULT_PYTHON = "3.12"
#: Oldest first; what the base images of `chamber.run.images.bases` offer.
PYTHONS = ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14")
MACHINES = ("x86_64", "aarch64")


class Environment(Struct, frozen=True):
    """A CPython on Linux."""

    python: str = DEFAULT_PYTHON
    machine: str = "x86_64"

    @property
    def values(self) -> dict[str, str]:
        """The values of all variables of markers; the newest release of its Python stands for all of them."""
        return {
            "implementation_name": "cpython",
            "implementation_version": f"{self.python}.99",
            "os_name": "posix",
            "platform_machine": self.machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": f"{self.python}.99",
            "python_version": self.python,
            "sys_platform": "linux",
        }


def environments(requires_python: str | None = None) -> tuple[Environment, ...]:
    """Those that a ``requires-python`` allows; all of them where it allows none or is none."""
    try:
        accepted = SpecifierSet(requires_python or "")
        pythons = [python for python in PYTHONS if accepted.contains(f"{python}.99") or accepted.contains(python)]
    except ValueError:
        pythons = []
    return tuple(Environment(python, machine) for python in pythons or PYTHONS for machine in MACHINES)


@lru_cache(maxsize=1 << 15)
def applies(marker: str | None, environment: Environment, extras: frozenset[str] = frozenset()) -> bool:
    """Whether what has this marker is installed in an environment, with any of these extras or with none.

    Raises ConfigurationError: it is no marker.
    """
    if not marker:
        return True
    parsed = _parsed(marker)
    values = environment.values
    lists: dict[str, frozenset[str]] = {"extras": extras, "dependency_groups": extras}
    try:
        return any(parsed.evaluate({**values, **lists, "extra": extra}, context="lock_file") for extra in ("", *extras))
    except (ValueError, TypeError) as error:
        raise ConfigurationError(f"{marker!r} is a marker that cannot be evaluated: {error}") from None


def marker_of(chosen: Collection[Environment], among: Iterable[Environment]) -> str | None:
    """The marker that is true in the `chosen` ones of some environments; None where that is all of them."""
    every = tuple(among)
    if set(chosen) >= set(every):
        return None
    pythons = sorted({one.python for one in every}, key=PYTHONS.index)
    by_machine = {
        machine: _pythons_marker([p for p in pythons if Environment(p, machine) in chosen], pythons)
        for machine in MACHINES
    }
    if len(set(by_machine.values())) == 1:
        return by_machine[MACHINES[0]]
    return " or ".join(
        f"platform_machine == '{machine}'" + (f" and ({marker})" if marker else "")
        for machine, marker in by_machine.items()
        if marker != ""
    )


def _pythons_marker(chosen: list[str], among: list[str]) -> str | None:
    """None for all of them, and nothing for none. The oldest and the newest stand for all beyond them."""
    if chosen == among:
        return None
    return " or ".join(_range_marker(first, last, among) for first, last in _ranges(chosen, among))


def _ranges(chosen: list[str], among: list[str]) -> list[tuple[str, str]]:
    ranges: list[tuple[str, str]] = []
    for python in chosen:
        before = among[among.index(python) - 1] if python != among[0] else None
        if ranges and ranges[-1][1] == before:
            ranges[-1] = (ranges[-1][0], python)
        else:
            ranges.append((python, python))
    return ranges


def _range_marker(first: str, last: str, among: list[str]) -> str:
    lower = [f"python_version >= '{first}'"] if first != among[0] else []
    upper = [f"python_version <= '{last}'"] if last != among[-1] else []
    return " and ".join([*lower, *upper])


@lru_cache(maxsize=1 << 13)
def _parsed(marker: str) -> Marker:
    try:
        return Marker(marker)
    except (ValueError, RecursionError) as error:
        reason = (str(error).splitlines() or [""])[0]
        raise ConfigurationError(f"{marker!r} is not a marker (PEP 508): {reason}") from None
