"""The stretches of time that the API has words for."""

from datetime import datetime, timedelta

from chamber.local.api.errors import invalid

__all__ = ["since", "statistics_window"]

_HOURS = {
    "last_1h": 1,
    "last_6h": 6,
    "last_24h": 24,
    "last_7d": 168,
    "last_7_days": 168,
    "last_30d": 720,
    "last_30_days": 720,
}


def since(time_range: str, now: datetime) -> datetime | None:
    """Where a range begins; None for a job's lifetime."""
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
    return _custom(start, end) if time_range == "custom" else (begins[time_range], None)


def _custom(start: datetime | None, end: datetime | None) -> tuple[datetime | None, datetime | None]:
    if start is None and end is None:
        raise invalid("time_range", "custom needs a start, an end or both")
    if start and end and start > end:
        raise invalid("time_range", "custom ends before it starts")
    return start, end
