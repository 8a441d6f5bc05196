"""One value as a text: exact for pipes, short for eyes. Neither has characters that steer a terminal."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

from chamber.core.spans import span

__all__ = ["Seconds", "cell", "printable", "shown"]

_DAY = 86400
#: What is smaller is written with an exponent.
_TINY = 1e-6


class Seconds(float):
    """A span of time."""


def cell(value: Any) -> str:
    """A value for a pipe: times as RFC 3339, spans in seconds, nothing for what is not known."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case float():
            return f"{value:.15g}"
        case dict():
            return printable(",".join(f"{name}={cell(held)}" for name, held in value.items()))
        case list() | tuple():
            return printable(",".join(map(cell, value)))
    return printable(str(value))


def shown(value: Any, now: datetime | None = None) -> str:
    """A value for eyes: how long ago, how long, and figures without a tail."""
    match value:
        case datetime():
            return ago(value, now or datetime.now(UTC))
        case Seconds():
            return span(value)
        case float():
            return _figure(value)
    return cell(value)


def _figure(value: float) -> str:
    size = abs(value)
    if size >= 1000:
        return f"{value:,.0f}"
    if 0 < size < _TINY:
        return f"{value:.3g}"
    digits = 2 - math.floor(math.log10(size)) if 0 < size < 1 else 2
    return f"{value:.{digits}f}".rstrip("0").rstrip(".")


def ago(time: datetime, now: datetime) -> str:
    """How long ago a time was; the day where that is more than a week."""
    seconds = (now - time).total_seconds()
    if seconds < 0 or seconds > 7 * _DAY:
        return f"{time.astimezone():%Y-%m-%d %H:%M}"
    return f"{span(seconds).partition(' ')[0]} ago"


def printable(text: str) -> str:
    """A text in one line, with ``?`` for what would steer a terminal."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else " " if sign.isspace() else "?" for sign in text)
