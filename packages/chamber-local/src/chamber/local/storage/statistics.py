"""Sums over workloads."""

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, TypeAlias

import msgspec

from chamber.local.clock import month, parse
from chamber.local.storage.columns import HELD, UNFINISHED
from chamber.local.storage.queries import Filter, conditions
from chamber.local.storage.rows import column
from chamber.local.storage.spans import cover
from chamber.local.storage.sums import ENDED, KINDS, SUMS, across

__all__ = ["Grouping", "Overview", "Totals", "Using", "gpu_hours_of", "gpu_hours_since", "overview", "totals_by"]

#: What :key says of the runs that are over, from an index that holds all of this.
_OVER = f"""
    SELECT {{key}}, COUNT(*), COUNT(run_seconds), TOTAL(run_seconds), TOTAL(gpu_seconds),
    SUM(status = 'COMPLETED'), SUM(status IN {ENDED})
    FROM workloads WHERE {{where}} AND NOT {UNFINISHED} GROUP BY 1
"""  # noqa: S608
#: The same of those that are not, up to :now.
_NOT_OVER = f"""
    SELECT {{key}}, COUNT(*), COUNT(started_at), TOTAL((julianday(:now) - julianday(started_at)) * 86400),
    TOTAL(banked_gpu_seconds + {HELD} * (julianday(:now) - julianday(IFNULL(resized_at, started_at))) * 86400), 0, 0
    FROM workloads INDEXED BY workloads_unfinished WHERE {{where}} AND {UNFINISHED} GROUP BY 1
"""  # noqa: S608
#: The same of those that are over, from the sums that are kept of spans of time.
_KEPT = f"""
    SELECT {{key}}, {", ".join(f"SUM({name})" for name in SUMS)} FROM workload_sums
    WHERE kind = :kind AND span IN (SELECT value FROM json_each(:spans)) AND {{where}} GROUP BY 1
"""  # noqa: S608

#: The GPU-seconds of the part of a run that lies behind :begin. Time before a change of size counts evenly.
_PART = "MIN(1, (julianday({end}) - julianday(:begin)) * 86400 / MAX({seconds}, 1e-9))"

#: What sums over workloads can be told by.
Grouping: TypeAlias = Literal["submitted_by", "initiative_id", "gpu_type"]
#: What GPU-hours can be told by.
Using: TypeAlias = Literal["initiative_id", "capacity_pool_id"]

_Key: TypeAlias = Grouping | Literal["outcome"]
_Sums: TypeAlias = dict[str, list[float]]


class Totals(msgspec.Struct, frozen=True):
    """What some workloads come to. `average_seconds` is over those that started."""

    workloads: int
    gpu_hours: float
    average_seconds: float
    succeeded: int
    ended: int

    @property
    def success_rate(self) -> float:
        """The part of those that ended by themselves that completed, 0 to 1; 0 when none ended."""
        return self.succeeded / self.ended if self.ended else 0.0


class Overview(msgspec.Struct, frozen=True):
    """The sums over some workloads, and how many have each status and class, most first."""

    totals: Totals
    by_status: dict[str, int]
    by_job_class: dict[str, int]


def overview(connection: sqlite3.Connection, chosen: Filter, now: datetime) -> Overview:
    """All of that, from one look at them."""
    sums = _sums(connection, "outcome", chosen, now)
    by_status, by_class = Counter[str](), Counter[str]()
    for outcome, summed in sums.items():
        status, _, job_class = outcome.partition(" ")
        by_status[status] += int(summed[0])
        by_class[job_class] += int(summed[0])
    together = [sum(summed) for summed in zip(*sums.values(), strict=True)]
    return Overview(_totals(together or [0.0] * len(SUMS)), _most_first(by_status), _most_first(by_class))


def totals_by(connection: sqlite3.Connection, key: Grouping, chosen: Filter, now: datetime) -> dict[str, Totals]:
    """The sums for each value of a column."""
    return {value: _totals(summed) for value, summed in sorted(_sums(connection, key, chosen, now).items())}


def _totals(summed: Sequence[float]) -> Totals:
    workloads, ran, seconds, gpu_seconds, succeeded, ended = summed
    return Totals(int(workloads), gpu_seconds / 3600, seconds / ran if ran else 0.0, int(succeeded), int(ended))


def _most_first(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda counted: (-counted[1], counted[0])))


def _sums(connection: sqlite3.Connection, key: _Key, chosen: Filter, now: datetime) -> _Sums:
    """The sums of `SUMS` for each value of `key`."""
    column_of = KINDS["outcome"].format(row="workloads") if key == "outcome" else key
    found: _Sums = {}
    if chosen.admits_none:
        return found
    for part in _over(connection, key, chosen, found):
        _add(connection, _OVER.format(key=column_of, where=conditions(part)[0]), conditions(part)[1], found)
    where, values = conditions(chosen)
    _add(connection, _NOT_OVER.format(key=column_of, where=where), {**values, "now": column(now)}, found)
    return found


def _over(connection: sqlite3.Connection, key: _Key, chosen: Filter, found: _Sums) -> Iterator[Filter]:
    """Adds up what sums are kept of; what is to be looked at one by one is left."""
    earliest, latest = connection.execute(
        "SELECT (SELECT MIN(submitted_at) FROM workloads), (SELECT MAX(submitted_at) FROM workloads)"
    ).fetchone()
    if earliest is None or not _are_kept(chosen):
        yield chosen
        return
    covered = cover(chosen.submitted_from, chosen.submitted_to, parse(earliest), parse(latest))
    where, values = conditions(Filter(initiative_id=chosen.initiative_id))
    of_teams, kind = key == "initiative_id", "outcome" if key == "initiative_id" else key
    spans = msgspec.json.encode(covered.spans).decode()
    sql = _KEPT.format(key="initiative_id" if of_teams else "value", where=where)
    _add(connection, sql, {**values, "kind": kind, "spans": spans}, found)
    for first, last in covered.edges:
        yield msgspec.structs.replace(chosen, submitted_from=first, submitted_to=last)


def _are_kept(chosen: Filter) -> bool:
    """True for a filter by team and time of submission alone."""
    teams = chosen.initiative_id
    return chosen == Filter(initiative_id=teams, submitted_from=chosen.submitted_from, submitted_to=chosen.submitted_to)


def _add(connection: sqlite3.Connection, sql: str, values: Mapping[str, Any], found: _Sums) -> None:
    for key, *summed in connection.execute(sql, values):
        held = found.setdefault(key, [0.0] * len(SUMS))
        found[key] = [a + b for a, b in zip(held, summed, strict=True)]


def gpu_hours_since(
    connection: sqlite3.Connection, chosen: Filter, since: datetime, now: datetime, key: Using
) -> dict[str, float]:
    """The GPU-hours used between two moments, for each value of a column.

    What began before counts with the part of its time that lies between them, as if it had used GPUs evenly.
    """
    if chosen.admits_none:
        return {}
    where, values = conditions(chosen)
    used = _used_since(key, where, since) if _usage_is_kept(chosen) else _used_between(key, where)
    rows = connection.execute(
        f"SELECT key, SUM(used) / 3600 AS hours FROM ({used}) GROUP BY key",  # noqa: S608
        {**values, "now": column(now), "begin": column(since)},
    )
    return {row["key"]: row["hours"] for row in rows if row["key"]}


def _usage_is_kept(chosen: Filter) -> bool:
    """True for a filter by team and pool alone."""
    return chosen == Filter(initiative_id=chosen.initiative_id, capacity_pool_id=chosen.capacity_pool_id)


def gpu_hours_of(
    connection: sqlite3.Connection, seqs: Sequence[int], since: datetime, now: datetime
) -> dict[str, float]:
    """The same for some workloads, by their ids."""
    these = "seq IN (SELECT value FROM json_each(:seqs))"
    used = f"{_ended('id', '', these)} UNION ALL {_using('id', these)}"
    values = {"now": column(now), "begin": column(since), "seqs": msgspec.json.encode(seqs).decode()}
    return {row["key"]: row["used"] / 3600 for row in connection.execute(used, values)}


def _used_since(key: str, where: str, since: datetime) -> str:
    """From the sums of months or days: what is in those since then, the rest of the first, and what ran on."""
    length = 7 if since == month(since) else 10
    whole = column(since).endswith("T00:00:00.000000Z")
    span = f"substr(:begin, 1, {length})"
    rest = f"completed_at < {span} || '~' AND NOT {across(length)}"
    return " UNION ALL ".join(
        (
            f"SELECT {key} AS key, gpu_seconds AS used FROM usage "  # noqa: S608
            f"WHERE length(span) = {length} AND span {'>=' if whole else '>'} {span} AND {where}",
            *([] if whole else [_ended(key, "INDEXED BY workloads_used", f"{rest} AND {where}")]),
            _ended(key, f"INDEXED BY workloads_across_{length}", f"{across(length)} AND {where}"),
            _using(key, where),
        )
    )


def _used_between(key: str, where: str) -> str:
    return f"{_ended(key, '', where)} UNION ALL {_using(key, where)}"


def _ended(key: str, index: str, where: str) -> str:
    """What ended since."""
    return (
        f"SELECT {key} AS key, gpu_seconds * {_PART.format(end='completed_at', seconds='run_seconds')} AS used "  # noqa: S608
        f"FROM workloads {index} WHERE completed_at > :begin AND started_at IS NOT NULL AND {where}"
    )


def _using(key: str, where: str) -> str:
    """What is not over."""
    seconds = "(julianday(:now) - julianday(started_at)) * 86400"
    held = f"(banked_gpu_seconds + {HELD} * (julianday(:now) - julianday(IFNULL(resized_at, started_at))) * 86400)"
    return (
        f"SELECT {key} AS key, {held} * {_PART.format(end=':now', seconds=seconds)} AS used "  # noqa: S608
        f"FROM workloads INDEXED BY workloads_unfinished WHERE {UNFINISHED} AND started_at IS NOT NULL AND {where}"
    )
