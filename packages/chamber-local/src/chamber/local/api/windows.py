"""The stretches of time that the API has words for."""

from datetime import datetime, timedelta

from chamber.local.api.errors import invalid

__all__ = ["METRIC_RANGES", "since", "statistics_window"]

_HOURS = {"last_1h": 1, "last_6h": 6, "last_24h": 24, "last_7d": 168, "last_30d": 720}

#: What the metrics of an organisation can be asked for.
METRIC_RANGES = tuple(_HOURS)


def since(time_range: str, now: datetime, words: tuple[str, ...] = METRIC_RANGES) -> datetime | None:
    """Where a range begins; None for a job's lifetime. Raises ApiError 400."""
    if time_range not in words:
        raise invalid("time_range", f"{time_range!r} is none of {', '.join(words)}")
    return now - timedelta(hours=_HOURS[time_range]) if time_range in _HOURS else None


def statistics_window(
    time_range: str, start: datetime | None, end: datetime | None, now: datetime
) -> tuple[datetime | None, datetime | None]:
    """Where a range of the statistics begins and ends. Raises ApiError 400."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    begins = {
        "today": today,
        "this_week": today - timedelta(days=today.weekday()),
        "this_month": today.replace(day=1),
        "last_7_days": now - timedelta(days=7),
        "last_30_days": now - timedelta(days=30),
    }
    if time_range == "custom":
        return _custom(start, end)
    if time_range not in begins:
        raise invalid("time_range", f"{time_range!r} is none of {', '.join(begins)}, custom")
    return begins[time_range], None


def _custom(start: datetime | None, end: datetime | None) -> tuple[datetime | None, datetime | None]:
    if start is None and end is None:
        raise invalid("start_date", "time_range custom needs start_date, end_date or both")
    if start and end and start > end:
        raise invalid("end_date", "is before start_date")
    return start, end
