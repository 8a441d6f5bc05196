"""The metrics of many workloads at once."""

from __future__ import annotations

from typing import Any, Self, TypeVar

from chamber.core import wire
from chamber.metrics.models import MeasuredTeam, MeasuredWorkload, Measurements

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
        return bool(self.workloads or self.teams)

    @classmethod
    def __from_wire__(cls, answer: Any) -> Self:
        batch = cls({"workloads": answer} if isinstance(answer, list) else wire.understood(answer, dict))
        if all(batch.get(key) is None for key in (*_WORKLOADS, *_TEAMS)):
            raise wire.NotUnderstood(f"neither workloads nor teams were found (it has {', '.join(batch) or 'nothing'})")
        batch._rows(_WORKLOADS, list[MeasuredWorkload])
        batch._rows(_TEAMS, list[MeasuredTeam])
        return batch

    def _rows(self, keys: tuple[str, ...], kind: type[list[M]]) -> list[M]:
        found: Any = next((self[key] for key in keys if self.get(key) is not None), [])
        return wire.understood(found, kind)
