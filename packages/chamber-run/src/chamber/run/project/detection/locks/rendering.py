"""A lock as the text of a requirements file, with a marker where a pin is not for every environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chamber.run.project.detection.environments import Environment, marker_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chamber.run.project.detection.locks.pins import Locked, Pin

__all__ = ["pins_by_environment", "rendered"]


def pins_by_environment(lock: Locked, environments: Sequence[Environment]) -> dict[Pin, list[Environment]]:
    """Every pin that any of the environments gets, and those that get it; the project itself is left out.

    Raises ConfigurationError: a marker in the lock cannot be evaluated.
    """
    found: dict[Pin, list[Environment]] = {}
    for environment in environments:
        for pin in lock.select(environment):
            if pin.path != ".":
                found.setdefault(pin, []).append(environment)
    return dict(sorted(found.items(), key=lambda item: (item[0].name, item[0].version or "")))


def rendered(file: str, pins: dict[Pin, list[Environment]], environments: Sequence[Environment]) -> str:
    """The text of a requirements file with these pins, from the lock `file`."""
    lines = [f"# What {file} holds for Linux.", *_options(pins)]
    for pin, chosen in pins.items():
        lines.append(_line(pin, marker_of(chosen, environments)))
    return "\n".join(lines) + "\n"


def _options(pins: Iterable[Pin]) -> list[str]:
    """An index that holds all pins takes the place of PyPI; others stand beside it."""
    named = [pin for pin in pins if pin.version is not None]
    indexes = list(dict.fromkeys(pin.index for pin in named if pin.index))
    if len(indexes) == 1 and all(pin.index for pin in named):
        return [f"--index-url {indexes[0]}"]
    return [f"--extra-index-url {index}" for index in indexes]


def _line(pin: Pin, marker: str | None) -> str:
    condition = f" ; {marker}" if marker else ""
    if pin.path is not None:
        return f"-e ./{pin.path}" if pin.editable else f"./{pin.path}"
    what = f" @ {pin.url}" if pin.url else f"=={pin.version}" if pin.version else ""
    return "".join([pin.name, what, condition, *(f" \\\n    --hash={one}" for one in pin.hashes)])
