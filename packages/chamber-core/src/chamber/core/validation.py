"""Checks of arguments, made before anything is sent."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeVar

from chamber.core.enums import OpenEnum
from chamber.core.errors import ValidationError
from chamber.core.settings import is_number

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["length", "member", "number", "one_line", "one_of", "text"]

E = TypeVar("E", bound=OpenEnum)


def length(name: str, value: str | None, least: int, most: int) -> None:
    """Raises ValidationError: `value` is a text outside these numbers of characters. None passes."""
    if value is None:
        return
    if not isinstance(value, str):
        raise ValidationError(f"{name} is a text, not {value!r}")
    if not least <= len(value) <= most:
        raise ValidationError(f"{name} has {least} to {most} characters, not {len(value)}")


def text(name: str, value: object) -> None:
    """Raises ValidationError: `value` is no text, or an empty one."""
    if not isinstance(value, str) or not value.strip():
        raise ValidationError(f"{name} is needed, and {value!r} was given")


def one_line(name: str, value: str | None) -> None:
    """Raises ValidationError: `value` has a line break or another control character. None passes."""
    if value is not None and not value.isprintable():
        raise ValidationError(f"{name} is one line of printable characters, not {value!r}")


def number(name: str, value: float | None, least: float, most: float = math.inf, *, whole: bool = True) -> None:
    """Raises ValidationError: `value` is no number, or outside these bounds. None passes."""
    if value is None:
        return
    if not is_number(value) or (whole and value != int(value)) or not least <= value <= most:
        kind = "a whole number" if whole else "a number"
        bounds = f"of {least} or more" if most == math.inf else f"from {least} to {most}"
        raise ValidationError(f"{name} is {kind} {bounds}, not {value!r}")


def one_of(name: str, value: str | None, words: Iterable[str]) -> None:
    """Raises ValidationError: `value` is not among these words. None passes."""
    words = tuple(words)
    if value is not None and value not in words:
        raise ValidationError(f"{name} is one of {', '.join(words)}, not {value!r}")


def member(name: str, value: str | None, enumeration: type[E]) -> E | None:
    """`value` as a known member of an enumeration. Raises ValidationError: it is none. None passes."""
    if value is None:
        return None
    try:
        found = enumeration(value)
    except ValueError:
        found = None
    if found is None or not found.is_known:
        raise ValidationError(f"{name} is one of {', '.join(enumeration.__members__)}, not {value!r}")
    return found
