"""Stretches of time as the spans that sums are kept of: years, months, tens of days and days.

A span is the beginning of the times in it, as text: ``2024``, ``2024-03``, ``2024-03-1`` (the 10th to the 19th) and
``2024-03-17``.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import msgspec

__all__ = ["LENGTHS", "Cover", "cover"]

#: Of spans, in letters.
LENGTHS = (4, 7, 9, 10)

_DAY, _MOMENT = timedelta(days=1), timedelta(microseconds=1)


class Cover(msgspec.Struct, frozen=True):
    """Spans that are wholly in a stretch of time, and the (first, last) moments of what they leave of it."""

    spans: tuple[str, ...]
    edges: tuple[tuple[datetime, datetime], ...]


def cover(first: datetime | None, last: datetime | None, earliest: datetime, latest: datetime) -> Cover:
    """How the stretch from `first` to `last`, both in it, is put together, where nothing is before or after those."""
    begin = _day(earliest) if first is None or first <= earliest else _first_whole_day(first)
    end = _day(latest) + _DAY if last is None or last >= latest else _day(last)
    if begin > end:
        return Cover((), ((first or earliest, last or latest),))
    edges = []
    if first is not None and first < _midnight(begin) and first > earliest:
        edges.append((first, _midnight(begin) - _MOMENT))
    if last is not None and last < latest:
        edges.append((_midnight(end), last))
    return Cover(tuple(_spans(begin, end)), tuple(edges))


def _spans(begin: date, end: date) -> Iterator[str]:
    while begin < end:
        length, after = next((length, after) for length, after in _beginning(begin) if after <= end)
        yield begin.isoformat()[:length]
        begin = after


def _beginning(day: date) -> Iterator[tuple[int, date]]:
    """The spans that begin with a day, by their length, and the day after each; the longest first."""
    month = (day.replace(day=1) + 31 * _DAY).replace(day=1)
    if (day.month, day.day) == (1, 1):
        yield 4, day.replace(year=day.year + 1)
    if day.day == 1:
        yield 7, month
    if day.day == 1 or day.day % 10 == 0:
        yield 9, min(month, day + (10 - day.day % 10) * _DAY)
    yield 10, day + _DAY


def _day(moment: datetime) -> date:
    return moment.astimezone(UTC).date()


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _first_whole_day(moment: datetime) -> date:
    day = _day(moment)
    return day if _midnight(day) == moment else day + _DAY
