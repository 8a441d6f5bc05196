"""Metrics as matplotlib figures. Imported only by the calls that return one; pyplot and its state are not touched."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import TYPE_CHECKING, Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator

from chamber.metrics.quantities import Quantity, quantity

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from chamber.metrics.models import MeasuredTeam, MeasuredWorkload, MetricSummary, StatsGroup

_Figures = Mapping[str, float | None]

__all__ = ["COLOURS", "Chart", "groups", "measurements", "ranking"]

#: Told apart also by the colour-blind (Okabe and Ito).
COLOURS = {
    "gpu_utilization": "#0072B2",
    "memory_utilization": "#E69F00",
    "temperature": "#D55E00",
    "power_usage": "#CC79A7",
    "gpu_usage": "#009E73",
    "cpu_utilization": "#56B4E9",
    "memory_bytes": "#8C6D31",
    "gpu_hours": "#009E73",
    "success_rate": "#E69F00",
}
_OTHER, _INK, _FAINT = "#666666", "#222222", "#DDDDDD"
_WIDTH, _BARS, _NAME = 9.0, 40, 36
_DIGITS: dict[str, Any] = {"textcoords": "offset points", "va": "center", "fontsize": 8, "color": _INK}


class Chart(Figure):
    """A figure that shows itself in a notebook, also where pyplot was never imported."""

    def __init__(self, title: str, height: float, width: float = _WIDTH) -> None:
        """`height` and `width` are in inches."""
        layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.08)
        super().__init__(figsize=(width, height), layout=layout, facecolor="white")
        FigureCanvasAgg(self)
        self.suptitle(title, fontsize=13, fontweight="bold", color=_INK, parse_math=False)

    def _repr_png_(self) -> bytes:
        picture = io.BytesIO()
        self.savefig(picture, format="png", dpi=100)
        return picture.getvalue()


def measurements(title: str, summaries: Mapping[str, MetricSummary]) -> Figure:
    """A panel for each metric: over time where points were sent, else a bar with its range."""
    if not summaries:
        return _nothing(title)
    is_course = any(held.data_points for held in summaries.values())
    chart = Chart(title, 0.9 + len(summaries) * (1.75 if is_course else 1.05))
    panels = chart.subplots(len(summaries), 1, sharex=is_course, squeeze=False)[:, 0]
    for panel, (metric, held) in zip(panels, summaries.items(), strict=True):
        _tidy(panel)
        (_course if is_course else _gauge)(panel, metric, held)
    if is_course:
        _timed(panels[-1])
        chart.align_ylabels()
    else:
        handles, names = panels[0].get_legend_handles_labels()
        chart.legend(handles[::-1], names[::-1], loc="outside lower center", ncols=3, frameon=False)
    return chart


def ranking(rows: Sequence[MeasuredWorkload | MeasuredTeam], metric: str, title: str) -> Figure:
    """A bar for each workload or team, the first on top, with its range where there is one."""
    shown = rows[:_BARS]
    if not shown:
        return _nothing(title)
    chart = Chart(_cut(title, len(rows)), 1.5 + 0.32 * len(shown))
    panel = chart.subplots()
    _tidy(panel)
    _bars(panel, [_ranked(row, metric) for row in shown], quantity(metric), COLOURS.get(metric, _OTHER))
    _named(panel, [row.name or row.id or "-" for row in shown])
    return chart


def groups(rows: Sequence[StatsGroup], title: str) -> Figure:
    """The workloads, GPU-hours and successes of each group, side by side."""
    shown = rows[:_BARS]
    columns: dict[str, tuple[Quantity, list[float | None]]] = {
        "workloads": (Quantity("Workloads"), [float(row.workload_count) for row in shown]),
        "gpu_hours": (quantity("gpu_hours"), [row.gpu_hours for row in shown]),
        "success_rate": (Quantity("Completed", "%", 100, 0.01), [row.success_rate for row in shown]),
    }
    known = {name: column for name, column in columns.items() if any(value is not None for value in column[1])}
    if not known:
        return _nothing(title)
    chart = Chart(_cut(title, len(rows)), 1.5 + 0.32 * len(shown), 2.5 + 3 * len(known))
    panels = chart.subplots(1, len(known), sharey=True, squeeze=False)[0]
    for panel, (name, (how, values)) in zip(panels, known.items(), strict=True):
        _tidy(panel)
        _bars(panel, [{"avg": value} for value in values], how, COLOURS.get(name, COLOURS["gpu_utilization"]))
    panels[0].xaxis.set_major_locator(MaxNLocator("auto", integer=True))
    _named(panels[0], [row.key or "-" for row in shown])
    return chart


def _nothing(title: str) -> Figure:
    chart = Chart(title, 2)
    chart.text(0.5, 0.4, "Nothing was measured", ha="center", color=_OTHER)
    return chart


def _cut(title: str, count: int) -> str:
    return title if count <= _BARS else f"{title}: the first {_BARS} of {count}"


def _tidy(panel: Axes) -> None:
    panel.spines[["top", "right"]].set_visible(False)
    panel.grid(color=_FAINT, linewidth=0.6)
    panel.set_axisbelow(True)
    panel.tick_params(labelsize=9, colors=_INK)


def _course(panel: Axes, metric: str, held: MetricSummary) -> None:
    how, colour = quantity(metric), COLOURS.get(metric, _OTHER)
    told = ", ".join(f"{name} {how.figure(value)}" for name, value in held.figures.items())
    panel.set_title(how.title, loc="left", fontsize=10, color=_INK, parse_math=False)
    panel.set_title(told, loc="right", fontsize=8, color=_OTHER)
    panel.set_ylabel(how.unit, fontsize=9, color=_INK)
    panel.margins(y=0.15)
    points = sorted(held.data_points, key=lambda point: point.timestamp)
    if points:
        values = [float("nan") if point.value is None else how.scaled(point.value) for point in points]
        marker = "o" if len(points) < 25 else ""
        panel.plot([p.timestamp for p in points], values, color=colour, linewidth=1.6, marker=marker, markersize=3)  # type: ignore[arg-type]
    else:
        _level(panel, held.figures, how, colour)
    if how.top is not None:
        panel.set_ylim(0, how.top * 1.04)


def _level(panel: Axes, told: _Figures, how: Quantity, colour: str) -> None:
    """Without points: a dashed line at the average, and the range as a band."""
    panel.axhline(_at(told["avg"], how), color=colour, linewidth=1.6, linestyle="--")
    if told["min"] is not None and told["max"] is not None:
        panel.axhspan(how.scaled(told["min"]), how.scaled(told["max"]), color=colour, alpha=0.15, linewidth=0)


def _timed(panel: Axes) -> None:
    locator = AutoDateLocator(tz=UTC)  # type: ignore[no-untyped-call]
    panel.xaxis.set_major_locator(locator)
    panel.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=UTC))  # type: ignore[no-untyped-call]
    panel.set_xlabel("Time (UTC)", fontsize=9, color=_INK)


def _gauge(panel: Axes, metric: str, held: MetricSummary) -> None:
    how = quantity(metric)
    _bars(panel, [held.figures], how, COLOURS.get(metric, _OTHER))
    panel.plot([_at(held.figures["current"], how)], [0], "D", color=_INK, markersize=5, label="current")
    panel.set_yticks([])
    panel.set_ylim(0.6, -0.6)


def _bars(panel: Axes, rows: Sequence[_Figures], how: Quantity, colour: str) -> None:
    """A bar as long as each average, a line from its least to its most, and the average in digits beyond both."""
    averages = [_at(row.get("avg"), how) for row in rows]
    panel.barh(range(len(rows)), averages, height=0.66, color=colour, label="average")
    for place, row in enumerate(rows):
        ends = [_at(row.get("min"), how), _at(row.get("max"), how)]
        panel.plot(ends, [place, place], "|-", color=_INK, linewidth=1, markersize=8, label="minimum to maximum")
        beyond = max((how.scaled(value) for value in row.values() if value is not None), default=0.0)
        panel.annotate(how.figure(row.get("avg")), (max(beyond, 0.0), place), (7, 0), **_DIGITS)
    panel.set_xlabel(how.label, fontsize=9, color=_INK, parse_math=False)
    panel.grid(visible=False, axis="y")
    panel.margins(x=0.12)
    if how.top is not None:
        panel.set_xlim(0, how.top * 1.08)


def _named(panel: Axes, names: Sequence[str]) -> None:
    shown = [name if len(name) <= _NAME else f"{name[: _NAME - 1]}…" for name in names]
    panel.set_yticks(range(len(shown)), shown, parse_math=False)
    panel.set_ylim(len(shown) - 0.4, -0.6)


def _ranked(row: MeasuredWorkload | MeasuredTeam, metric: str) -> _Figures:
    if metric == "gpu_hours":
        return {"avg": row.gpu_hours}
    held = row.summaries.get(metric)
    return held.figures if held else {}


def _at(value: float | None, how: Quantity) -> float:
    return float("nan") if value is None else how.scaled(value)
