"""GET /workloads/stats."""

import msgspec
from aiohttp import web

from chamber.local.api import requests
from chamber.local.api.answers import answer
from chamber.local.api.errors import invalid
from chamber.local.api.services import services
from chamber.local.api.windows import statistics_window
from chamber.local.storage import statistics
from chamber.local.storage.queries import Filter
from chamber.local.storage.statistics import Totals

__all__ = ["workload_statistics"]

#: What may be grouped by, and its column here.
_GROUPS = {"submitted_by": "submitted_by", "initiative_id": "initiative_id", "instance_type": "gpu_type"}


class _Statistics(msgspec.Struct, kw_only=True):
    time_range: str | None = None
    initiative_id: str | None = None
    group_by: str | None = None
    start_date: str | None = None
    start_time: str | None = None
    end_date: str | None = None
    end_time: str | None = None


async def workload_statistics(request: web.Request) -> web.Response:
    """Sums over the workloads submitted in a stretch of time, and the same for each group."""
    parts, asked = services(request), requests.query(request, _Statistics)
    now = parts.ledger.clock()
    start = requests.moment("start_date", asked.start_date, asked.start_time)
    end = requests.moment("end_date", asked.end_date, asked.end_time)
    implied = "custom" if start or end else "last_7_days"
    start, end = statistics_window(asked.time_range or implied, start, end, now)
    chosen = Filter(submitted_from=start, submitted_to=end, initiative_id=requests.words(asked.initiative_id))
    totals = await parts.database.read(statistics.totals, chosen, now)
    grouped = [
        {name: key, **_group(of_group)}
        for name in _groups(asked.group_by)
        for key, of_group in (await parts.database.read(statistics.totals_by, _GROUPS[name], chosen, now)).items()
    ]
    return answer(request, {"summary": _summary(totals), "grouped": grouped})


def _groups(group_by: str | None) -> tuple[str, ...]:
    names = requests.words(group_by)
    if unknown := [name for name in names if name not in _GROUPS]:
        raise invalid("group_by", f"{unknown[0]!r} is none of {', '.join(_GROUPS)}")
    return names


def _summary(totals: Totals) -> dict[str, float]:
    return {
        "total_workloads": totals.workloads,
        "total_gpu_hours": totals.gpu_hours,
        "average_duration_seconds": totals.average_seconds,
        "success_rate": totals.success_rate,
    }


def _group(totals: Totals) -> dict[str, float]:
    return {
        "workload_count": totals.workloads,
        "gpu_hours": totals.gpu_hours,
        "success_rate": totals.success_rate,
    }
