"""GET /workloads/stats."""

from typing import Literal

import msgspec

from chamber.local.api.asked import Filters, When, moment
from chamber.local.api.services import Services
from chamber.local.api.views import Statistics
from chamber.local.api.windows import statistics_window
from chamber.local.storage import statistics
from chamber.local.storage.queries import Filter
from chamber.local.storage.statistics import Grouping

__all__ = ["AskedStatistics", "workload_statistics"]

#: What may be grouped by, and its column here.
_GROUPS: dict[str, Grouping] = {
    "submitted_by": "submitted_by",
    "initiative_id": "initiative_id",
    "instance_type": "gpu_type",
}


class AskedStatistics(msgspec.Struct, kw_only=True):
    """The stretch of time, the filter and the groups."""

    time_range: (
        Literal["today", "this_week", "this_month", "last_7_days", "last_30_days", "custom"] | msgspec.UnsetType
    ) = msgspec.UNSET
    initiative_id: Filters = ()
    group_by: tuple[Literal["submitted_by", "initiative_id", "instance_type"], ...] = ()
    start_date: When | None = None
    end_date: When | None = None


async def workload_statistics(parts: Services, query: AskedStatistics) -> Statistics:
    """Sums over the workloads submitted in a stretch of time, and the same for each group."""
    now, database = parts.ledger.clock(), parts.database
    start, end = moment(query.start_date), moment(query.end_date)
    implied = "custom" if start or end else "last_7_days"
    start, end = statistics_window(query.time_range or implied, start, end, now)
    chosen = parts.seen(Filter(submitted_from=start, submitted_to=end, initiative_id=query.initiative_id))
    groups = [
        (name, key, of_group)
        for name in query.group_by
        for key, of_group in (await database.read(statistics.totals_by, _GROUPS[name], chosen, now)).items()
    ]
    found = await database.read(statistics.overview, chosen, now)
    return Statistics(found.totals, tuple(groups), found.by_status, found.by_job_class)
