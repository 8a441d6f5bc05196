"""Metrics as pandas data frames. Imported only by the calls that return one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, get_args

import pandas as pd

from chamber.core.facts import facts
from chamber.metrics.choices import StatsDimension

if TYPE_CHECKING:
    from chamber.metrics.models import MeasuredTeam, MeasuredWorkload, MetricSummary, StatsGroup

__all__ = ["groups", "ranking", "series"]

_MISSING = float("nan")


def series(summaries: Mapping[str, MetricSummary]) -> pd.DataFrame:
    """The points of the metrics that have any, else the figures of all."""
    courses = {metric: _course(held) for metric, held in summaries.items() if held.data_points}
    if not courses:
        return _figures(summaries)
    times = sorted(set().union(*courses.values()))
    columns = {metric: [course.get(time, _MISSING) for time in times] for metric, course in courses.items()}
    return pd.DataFrame(columns, index=pd.DatetimeIndex(times, name="timestamp"), dtype=float)


def ranking(rows: Sequence[MeasuredWorkload | MeasuredTeam]) -> pd.DataFrame:
    """A row for each workload or team, by its id."""
    records = [{"id": row.id, **_told(row), **_flat(row.summaries)} for row in rows]
    return _by(records, "id")


def groups(rows: Sequence[StatsGroup]) -> pd.DataFrame:
    """A row for each group, by its key."""
    dimensions = [name for name in get_args(StatsDimension) if any(getattr(row, name) for row in rows)]
    columns = [*(dimensions if len(dimensions) > 1 else ()), "workload_count", "gpu_hours", "success_rate"]
    return _by([{"group": row.key, **{name: getattr(row, name) for name in columns}} for row in rows], "group")


def _course(held: MetricSummary) -> dict[datetime, float]:
    return {point.timestamp: _MISSING if point.value is None else point.value for point in held.data_points}


def _figures(summaries: Mapping[str, MetricSummary]) -> pd.DataFrame:
    values = {(metric, name): value for metric, held in summaries.items() for name, value in held.figures.items()}
    index = pd.MultiIndex.from_tuples(list(values), names=["metric", "figure"])
    return pd.DataFrame({"value": list(values.values())}, index=index, dtype=float)


def _told(row: MeasuredWorkload | MeasuredTeam) -> dict[str, Any]:
    """What is known of a row beside its metrics."""
    known = {name: value for name, value in facts(row).items() if name not in {*row.summaries, "extra"}}
    return {name: str(value) if isinstance(value, str) else value for name, value in known.items()}


def _flat(summaries: Mapping[str, MetricSummary]) -> dict[str, float]:
    return {
        f"{metric}_{name}": value
        for metric, held in summaries.items()
        for name, value in held.figures.items()
        if value is not None
    }


def _by(records: Iterable[Mapping[str, Any]], index: str) -> pd.DataFrame:
    """Records by one of their fields, without the columns in which none has anything."""
    rows = list(records)
    names = dict.fromkeys(name for row in rows for name, value in row.items() if value is not None)
    return pd.DataFrame(rows, columns=list(dict.fromkeys((index, *names)))).set_index(index)
