"""Tables of sums over what is over, which triggers keep: a workload is added when it comes to its end.

`workload_sums` has those of what was submitted in a span of time (see `spans`), by team and by one thing more; `usage`
has the GPU-seconds of what began and ended in one month, and of what did in one day. What ran on from one to the next
has an index of its own.
"""

from chamber.local.storage.columns import UNFINISHED
from chamber.local.storage.spans import LENGTHS

__all__ = ["ENDED", "FILL", "KINDS", "SCHEMA", "SUMS", "USAGE_LENGTHS", "across"]

#: What is summed up by beside the team: a name, and SQL over the columns of a workload.
KINDS = {
    "outcome": "{row}.status || ' ' || {row}.job_class",
    "submitted_by": "{row}.submitted_by",
    "gpu_type": "{row}.gpu_type",
}
#: The columns with the sums.
SUMS = ("workloads", "ran", "run_seconds", "gpu_seconds", "succeeded", "ended")
#: Statuses of what ended by itself.
ENDED = "('COMPLETED', 'FAILED', 'PREEMPTED')"

#: Of the spans of `usage`, in letters: months and days.
USAGE_LENGTHS = (7, 10)


def across(length: int) -> str:
    """The condition of what ran on from one span to the next, as it is written in the index of it."""
    return f"substr(started_at, 1, {length}) != substr(completed_at, 1, {length})"


def _summed(source: str, row: str, by: str) -> str:
    spans = ", ".join(f"({length})" for length in LENGTHS)
    kinds = " ".join(f"WHEN '{kind}' THEN {value.format(row=row)}" for kind, value in KINDS.items())
    names = ", ".join(f"('{kind}')" for kind in KINDS)
    return (
        f"INSERT INTO workload_sums SELECT kinds.column1, substr({row}.submitted_at, 1, spans.column1) AS span, "  # noqa: S608
        f"{row}.initiative_id, CASE kinds.column1 {kinds} END AS value, {by}, {by} * ({row}.run_seconds IS NOT NULL), "
        f"{by} * IFNULL({row}.run_seconds, 0), {by} * IFNULL({row}.gpu_seconds, 0), "
        f"{by} * ({row}.status = 'COMPLETED'), {by} * ({row}.status IN {ENDED}) "
        f"FROM {source} (VALUES {names}) AS kinds, (VALUES {spans}) AS spans WHERE true"
    )


def _used(source: str, row: str, by: str) -> str:
    spans = ", ".join(f"({length})" for length in USAGE_LENGTHS)
    return (
        f"INSERT INTO usage SELECT substr({row}.completed_at, 1, spans.column1) AS span, {row}.initiative_id, "  # noqa: S608
        f"IFNULL({row}.capacity_pool_id, '') AS pool, {by} * {row}.gpu_seconds FROM {source} (VALUES {spans}) AS spans "
        f"WHERE {row}.gpu_seconds IS NOT NULL "
        f"AND substr({row}.started_at, 1, spans.column1) = substr({row}.completed_at, 1, spans.column1)"
    )


_ON_CONFLICT_SUMS = "ON CONFLICT DO UPDATE SET " + ", ".join(f"{name} = {name} + excluded.{name}" for name in SUMS)
_ON_CONFLICT_USED = "ON CONFLICT DO UPDATE SET gpu_seconds = gpu_seconds + excluded.gpu_seconds"


def _trigger(name: str, event: str, row: str, by: int) -> str:
    over = f"{row}.status NOT IN ('PENDING', 'QUEUED', 'STARTING', 'RUNNING')"
    return (
        f"CREATE TRIGGER IF NOT EXISTS {name} AFTER {event} ON workloads WHEN {over} BEGIN "
        f"{_summed('', row, str(by))} {_ON_CONFLICT_SUMS}; {_used('', row, str(by))} {_ON_CONFLICT_USED}; END"
    )


_CHANGE = (
    "UPDATE OF status, job_class, gpu_type, initiative_id, submitted_by, capacity_pool_id, submitted_at, started_at, "
    "completed_at, requested_gpus, requested_pods, running_pods, banked_gpu_seconds, resized_at"
)

SCHEMA = (
    f"""CREATE TABLE IF NOT EXISTS workload_sums (
        kind TEXT NOT NULL,
        span TEXT NOT NULL,
        initiative_id TEXT NOT NULL,
        value TEXT NOT NULL,
        {", ".join(f"{name} {'REAL' if 'seconds' in name else 'INTEGER'} NOT NULL" for name in SUMS)},
        PRIMARY KEY (kind, span, initiative_id, value)) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS usage (
        span TEXT NOT NULL,
        initiative_id TEXT NOT NULL,
        capacity_pool_id TEXT NOT NULL,
        gpu_seconds REAL NOT NULL,
        PRIMARY KEY (span, initiative_id, capacity_pool_id)) WITHOUT ROWID""",
    _trigger("sums_added", "INSERT", "new", 1),
    _trigger("sums_undone", _CHANGE, "old", -1),
    _trigger("sums_changed", _CHANGE, "new", 1),
    _trigger("sums_removed", "DELETE", "old", -1),
    *(
        f"CREATE INDEX IF NOT EXISTS workloads_across_{length} ON workloads (completed_at) WHERE {across(length)}"
        for length in USAGE_LENGTHS
    ),
)


_OVER = f"WITH over AS MATERIALIZED (SELECT * FROM workloads WHERE NOT {UNFINISHED}) "  # noqa: S608
#: What sums up the workloads that were there before the triggers were.
FILL = (
    f"{_OVER}{_summed('over,', 'over', '1')} {_ON_CONFLICT_SUMS}",
    f"{_OVER}{_used('over,', 'over', '1')} {_ON_CONFLICT_USED}",
)
