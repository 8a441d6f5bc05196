"""The metrics of many workloads at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self, TypeVar, get_args

from chamber.core import validation, wire
from chamber.metrics import text
from chamber.metrics.choices import SortBy
from chamber.metrics.extras import extra
from chamber.metrics.models import MeasuredTeam, MeasuredWorkload, Measurements
from chamber.metrics.quantities import quantity

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

__all__ = ["BatchMetrics"]

_WORKLOADS = ("workloads", "items", "results")
_TEAMS = ("teams", "initiatives")

M = TypeVar("M", bound=Measurements)


class BatchMetrics(dict[str, Any]):
    """Workloads or teams in order of a metric: the API's answer as it came, with typed accessors."""

    @property
    def workloads(self) -> list[MeasuredWorkload]:
        """The workloads, the first of the ranking first."""
        return self._rows(_WORKLOADS, list[MeasuredWorkload])

    @property
    def teams(self) -> list[MeasuredTeam]:
        """The teams, where the ranking was grouped by team."""
        return self._rows(_TEAMS, list[MeasuredTeam])

    @property
    def has_rows(self) -> bool:
        """Whether there is any workload or team."""
        return bool(self._ranked)

    def summary(self) -> str:
        """A line for each workload or team: its place, its name, and the averages of its metrics."""
        return text.ranking(self._ranked)

    def to_pandas(self) -> DataFrame:
        """A row for each workload or team, by its id; a metric's figures are columns such as ``temperature_avg``.

        Raises MissingExtraError: pandas is not installed.
        """
        with extra("pandas", "pandas"):
            from chamber.metrics import frames
        return frames.ranking(self._ranked)

    def plot(self, metric: str | None = None, title: str | None = None) -> Figure:
        """A bar for each workload or team: the average of a metric, with its range.

        `metric` is one that was measured, or ``gpu_hours``; by default the first by which a ranking can be ordered.
        The figure belongs to no window: ``savefig`` writes it, and a notebook shows it.

        Raises ValidationError: the metric was not measured. Raises MissingExtraError: matplotlib is not installed.
        """
        shown = self._metric(metric)
        with extra("plot", "matplotlib"):
            from chamber.metrics import figures
        return figures.ranking(self._ranked, shown, title or f"{quantity(shown).title} by {self._noun}")

    @classmethod
    def __from_wire__(cls, answer: Any) -> Self:
        batch = cls({"workloads": answer} if isinstance(answer, list) else wire.understood(answer, dict))
        if all(batch.get(key) is None for key in (*_WORKLOADS, *_TEAMS)):
            raise wire.NotUnderstood(f"neither workloads nor teams were found (it has {', '.join(batch) or 'nothing'})")
        batch._rows(_WORKLOADS, list[MeasuredWorkload])
        batch._rows(_TEAMS, list[MeasuredTeam])
        return batch

    def _repr_html_(self) -> str:
        from chamber.core import notebook

        return notebook.table(f"Metrics by {self._noun}", self._ranked)

    @property
    def _ranked(self) -> Sequence[MeasuredWorkload | MeasuredTeam]:
        return self.workloads or self.teams

    @property
    def _noun(self) -> str:
        return "workload" if self.workloads else "team"

    def _metric(self, asked: str | None) -> str:
        orders: tuple[str, ...] = get_args(SortBy)
        measured = [*dict.fromkeys(name for row in self._ranked for name in row.summaries), "gpu_hours"]
        if asked is None:
            return next(name for name in (*orders, *measured) if name in measured)
        validation.one_of("metric", asked, measured)
        return asked

    def _rows(self, keys: tuple[str, ...], kind: type[list[M]]) -> list[M]:
        found: Any = next((self[key] for key in keys if self.get(key) is not None), [])
        return wire.understood(found, kind)
