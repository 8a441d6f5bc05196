"""Metrics as text for terminals and logs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

from chamber.core.spans import span
from chamber.metrics.quantities import Quantity, quantity

if TYPE_CHECKING:
    from chamber.metrics.models import (
        DataPoint,
        MeasuredTeam,
        MeasuredWorkload,
        MetricSummary,
        StatsGroup,
        WorkloadStats,
    )

__all__ = ["ranking", "rows", "spark", "sparklines", "statistics", "summary"]

_BLOCKS = "▁▂▃▄▅▆▇█"
_NOTHING = "Nothing was measured"
#: Blocks of a course in a table.
_COURSE = 30
#: Seconds; a shorter span is told with its fraction.
_SHORT = 10


def sparklines(summaries: Mapping[str, MetricSummary], width: int) -> str:
    """A line for each metric: its course in at most `width` blocks, and its figures."""
    rows = [
        (quantity(metric).title, spark(held.data_points, width, quantity(metric)), *_figures(metric, held))
        for metric, held in summaries.items()
    ]
    return _aligned(rows) or _NOTHING


def spark(points: Sequence[DataPoint], width: int, shown: Quantity) -> str:
    """The course of a series in at most `width` blocks, each the mean of an equal part of the time.

    A block without a measurement goes on from the one before; where nothing could be measured, there is a space.
    """
    cells = _cells(points, min(width, len(points)))
    values = [value for value in cells if value is not None]
    if not values:
        return ""
    bottom, top = (0.0, shown.top * shown.divisor) if shown.top is not None else (min(values), max(values))
    return "".join(" " if value is None else _block(value, bottom, top) for value in cells)


def rows(summaries: Mapping[str, MetricSummary]) -> list[dict[str, str]]:
    """A row for each metric, for tables: its title, its figures, their unit, and its course where there are points."""
    return [
        {
            "metric": quantity(metric).title,
            **{name: quantity(metric).figure(value) for name, value in held.figures.items()},
            "unit": quantity(metric).unit,
            "course": spark(held.data_points, _COURSE, quantity(metric)),
        }
        for metric, held in summaries.items()
    ]


def summary(summaries: Mapping[str, MetricSummary]) -> str:
    """A line for each metric with its figures."""
    return "\n".join(_sentence(metric, held) for metric, held in summaries.items()) or _NOTHING


def ranking(rows: Sequence[MeasuredWorkload | MeasuredTeam]) -> str:
    """A line for each row: its place, its name, and the average of each metric that any row has."""
    metrics = list(dict.fromkeys(metric for row in rows for metric in row.summaries))
    heads = [quantity(metric).label for metric in (*metrics, "gpu_hours")]
    lines = [
        (f"{place}.", row.name or row.id or "-", *_averages(row, metrics), quantity("gpu_hours").figure(row.gpu_hours))
        for place, row in enumerate(rows, 1)
    ]
    return _aligned([("", "", *heads), *lines]) if lines else _NOTHING


def statistics(stats: WorkloadStats, parts: Iterable[StatsGroup]) -> str:
    """A line for all workloads, and one for each group."""
    whole = [f"{stats.total:,} {_workloads(stats.total)}", *_totals(stats.total_gpu_hours, stats.success_rate)]
    if stats.average_duration_seconds is not None:
        whole.append(f"{_span(stats.average_duration_seconds)} on average")
    groups = [
        (f"  {group.key or '-'}", f"{group.workload_count:,}", *_totals(group.gpu_hours, group.success_rate))
        for group in parts
    ]
    return "\n".join(filter(None, (", ".join(whole), _aligned(groups))))


def _sentence(metric: str, held: MetricSummary) -> str:
    shown, told = quantity(metric), held.figures
    return f"{shown.title}: " + ", ".join(f"{name} {shown.text(value)}" for name, value in told.items())


def _figures(metric: str, held: MetricSummary) -> list[str]:
    shown = quantity(metric)
    return [*(f"{name} {shown.figure(value)}" for name, value in held.figures.items()), shown.unit]


def _averages(row: MeasuredWorkload | MeasuredTeam, metrics: Iterable[str]) -> list[str]:
    measured = row.summaries
    return [
        quantity(metric).figure(measured[metric].figures["avg"] if metric in measured else None) for metric in metrics
    ]


def _totals(gpu_hours: float | None, success_rate: float | None) -> list[str]:
    hours = [] if gpu_hours is None else [quantity("gpu_hours").text(gpu_hours)]
    return hours if success_rate is None else [*hours, f"{100 * success_rate:.4g} % completed"]


def _span(seconds: float) -> str:
    return span(seconds) if seconds >= _SHORT else f"{seconds:.2g}s"


def _workloads(count: int) -> str:
    return "workload" if count == 1 else "workloads"


def _cells(points: Sequence[DataPoint], count: int) -> list[float | None]:
    """The mean of what each part of the time has; None where it only has measurements that failed."""
    if not points:
        return []
    ordered = sorted(points, key=lambda point: point.timestamp)
    begin = ordered[0].timestamp
    span = (ordered[-1].timestamp - begin).total_seconds() or 1.0
    parts: list[list[float | None]] = [[] for _ in range(max(count, 1))]
    for point in ordered:
        place = int((point.timestamp - begin).total_seconds() / span * len(parts))
        parts[min(place, len(parts) - 1)].append(point.value)
    cells: list[float | None] = []
    for part in parts:
        cells.append(_mean(part) if part else cells[-1])
    return cells


def _mean(part: Sequence[float | None]) -> float | None:
    values = [value for value in part if value is not None]
    return sum(values) / len(values) if values else None


def _block(value: float, bottom: float, top: float) -> str:
    if top <= bottom:
        return _BLOCKS[len(_BLOCKS) // 2 - 1]
    level = (value - bottom) / (top - bottom) * (len(_BLOCKS) - 1)
    return _BLOCKS[min(max(round(level), 0), len(_BLOCKS) - 1)]


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    """Rows as lines whose columns stand below each other, without the columns in which nothing stands."""
    clean = [["".join(sign if sign.isprintable() else "?" for sign in text) for text in row] for row in rows]
    widths = [max(map(len, column)) for column in zip_longest(*clean, fillvalue="")]
    lines = ("  ".join(f"{text:<{w}}" for text, w in zip(row, widths, strict=False) if w) for row in clean)
    return "\n".join(line.rstrip() for line in lines)
