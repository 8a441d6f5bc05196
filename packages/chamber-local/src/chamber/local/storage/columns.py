"""Columns of workloads that the first schema did not have, and what SQL is made of in several places."""

__all__ = ["ADDED", "HELD", "UNFINISHED"]

#: The GPUs that a workload holds, or held.
HELD = "requested_gpus * IFNULL(running_pods, IFNULL(requested_pods, 1)) / IFNULL(requested_pods, 1)"
#: Written in queries as it is in the condition of the partial index, which SQLite takes for them then.
UNFINISHED = "status IN ('PENDING', 'QUEUED', 'STARTING', 'RUNNING')"

_ENDED = "julianday(completed_at)"

#: As they are written in CREATE TABLE, and in ALTER TABLE.
ADDED = (
    "running_pods INTEGER",
    "banked_gpu_seconds REAL NOT NULL DEFAULT 0",
    "resized_at TEXT",
    "waiting_reason TEXT",
    f"run_seconds REAL GENERATED ALWAYS AS (({_ENDED} - julianday(started_at)) * 86400) VIRTUAL",
    "gpu_seconds REAL GENERATED ALWAYS AS "
    f"(banked_gpu_seconds + {HELD} * ({_ENDED} - julianday(IFNULL(resized_at, started_at))) * 86400) VIRTUAL",
)
