"""The tables. `seq` is the order of submission, which pages are cut by.

What is summed up has columns of its own (`run_seconds`, `gpu_seconds`: NULL until a workload is over), what is counted
has a table of its own, `workload_counts`, which triggers keep, and what is searched for has an index of three-letter
pieces (SQLite FTS5, section 4.3.5 of its documentation: the trigram tokenizer), which triggers keep too. Sums over what
is over have tables of their own (`sums`).
"""

from chamber.local.storage import sums
from chamber.local.storage.columns import ADDED, UNFINISHED

__all__ = ["SCHEMA", "VERSION"]

#: What `PRAGMA user_version` says of these tables.
VERSION = 2

#: The columns that workloads are counted by; what has no value counts as ''.
_COUNTED = ("status", "job_class", "gpu_type", "initiative_id", "submitted_by", "capacity_pool_id")


def _counting(row: str, by: int) -> str:
    values = ", ".join(f"IFNULL({row}.{name}, '')" for name in _COUNTED)
    return (
        f"INSERT INTO workload_counts VALUES ({values}, {by}) "  # noqa: S608
        f"ON CONFLICT ({', '.join(_COUNTED)}) DO UPDATE SET number = number + {by};"
    )


def _text(row: str) -> str:
    return f"lower({row}.name || ' ' || IFNULL({row}.external_id, '') || ' ' || {row}.tags)"


_INDEXES = (
    *(
        f"CREATE INDEX IF NOT EXISTS workloads_of_{name} ON workloads ({name}{collation}, submitted_at)"
        for name in _COUNTED
        for collation in ([" COLLATE NOCASE"] if name == "gpu_type" else [""])
    ),
    *(
        f"CREATE INDEX IF NOT EXISTS workloads_by_{name} ON workloads ({expression})"
        for name, expression in (
            ("submitted_at", "submitted_at"),
            ("started_at", "IFNULL(started_at, '')"),
            ("completed_at", "IFNULL(completed_at, '')"),
            ("name", "name"),
            ("status", "status"),
            ("priority", "priority"),
            ("requested_gpus", "requested_gpus"),
            ("gpu_type", "gpu_type"),
            ("job_class", "job_class"),
        )
    ),
    "CREATE INDEX IF NOT EXISTS workloads_external ON workloads (external_id)",
    f"CREATE INDEX IF NOT EXISTS workloads_unfinished ON workloads (seq) WHERE {UNFINISHED}",
    "CREATE INDEX IF NOT EXISTS workloads_counted ON workloads "
    "(submitted_at, status, job_class, gpu_type, initiative_id, submitted_by, capacity_pool_id, priority, "
    "requested_gpus, run_seconds, gpu_seconds)",
    "CREATE INDEX IF NOT EXISTS workloads_used ON workloads "
    "(completed_at, started_at, initiative_id, capacity_pool_id, run_seconds, gpu_seconds)",
    "CREATE INDEX IF NOT EXISTS workloads_with_zeros ON workloads (seq) "
    "WHERE instr(name || IFNULL(external_id, ''), char(0)) > 0",
)

_COUNTS = (
    f"""CREATE TABLE IF NOT EXISTS workload_counts (
        {", ".join(f"{name} TEXT NOT NULL" for name in _COUNTED)},
        number INTEGER NOT NULL,
        PRIMARY KEY ({", ".join(_COUNTED)})) WITHOUT ROWID""",
    f"CREATE TRIGGER IF NOT EXISTS count_added AFTER INSERT ON workloads BEGIN {_counting('new', 1)} END",
    f"CREATE TRIGGER IF NOT EXISTS count_changed AFTER UPDATE OF {', '.join(_COUNTED)} ON workloads "
    f"BEGIN {_counting('old', -1)} {_counting('new', 1)} END",
    f"CREATE TRIGGER IF NOT EXISTS count_removed AFTER DELETE ON workloads BEGIN {_counting('old', -1)} END",
)

_TEXTS = (
    f"CREATE VIEW IF NOT EXISTS workload_texts AS SELECT seq, {_text('workloads')} AS text FROM workloads",  # noqa: S608
    "CREATE VIRTUAL TABLE IF NOT EXISTS workload_words USING fts5 "
    "(text, content='workload_texts', content_rowid='seq', columnsize=0, tokenize='trigram case_sensitive 1')",
    "CREATE TRIGGER IF NOT EXISTS words_added AFTER INSERT ON workloads BEGIN "  # noqa: S608
    f"INSERT INTO workload_words (rowid, text) VALUES (new.seq, {_text('new')}); END",
    "CREATE TRIGGER IF NOT EXISTS words_changed AFTER UPDATE OF name, external_id, tags ON workloads BEGIN "  # noqa: S608
    f"INSERT INTO workload_words (workload_words, rowid, text) VALUES ('delete', old.seq, {_text('old')}); "
    f"INSERT INTO workload_words (rowid, text) VALUES (new.seq, {_text('new')}); END",
    "CREATE TRIGGER IF NOT EXISTS words_removed AFTER DELETE ON workloads BEGIN "  # noqa: S608
    f"INSERT INTO workload_words (workload_words, rowid, text) VALUES ('delete', old.seq, {_text('old')}); END",
)

SCHEMA = (
    f"""CREATE TABLE IF NOT EXISTS workloads (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        status TEXT NOT NULL,
        initiative_id TEXT NOT NULL,
        gpu_type TEXT NOT NULL,
        requested_gpus REAL NOT NULL,
        job_class TEXT NOT NULL,
        priority INTEGER NOT NULL,
        submitted_by TEXT NOT NULL,
        submitted_at TEXT NOT NULL,
        started_at TEXT,
        completed_at TEXT,
        failure_reason TEXT,
        exit_code INTEGER,
        external_id TEXT,
        k8s_manifest TEXT,
        metadata TEXT NOT NULL,
        tags TEXT NOT NULL,
        allocation_id TEXT,
        template_id TEXT,
        capacity_pool_id TEXT,
        distribution_mode TEXT,
        scaling_mode TEXT,
        gpus_per_pod INTEGER,
        requested_pods INTEGER,
        min_pods INTEGER,
        pid INTEGER,
        pid_created REAL,
        {", ".join(ADDED)})""",
    *_INDEXES,
    *_COUNTS,
    *_TEXTS,
    *sums.SCHEMA,
    """CREATE TABLE IF NOT EXISTS events (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        workload_id TEXT NOT NULL REFERENCES workloads (id),
        status TEXT NOT NULL,
        at TEXT NOT NULL,
        reason TEXT)""",
    "CREATE INDEX IF NOT EXISTS events_workload ON events (workload_id, seq)",
    """CREATE TABLE IF NOT EXISTS samples (
        workload_id TEXT NOT NULL REFERENCES workloads (id),
        at TEXT NOT NULL,
        source TEXT NOT NULL,
        cpu_utilization REAL,
        memory_bytes REAL,
        gpu_utilization REAL,
        memory_utilization REAL,
        temperature REAL,
        power_usage REAL,
        gpu_usage REAL)""",
    "CREATE INDEX IF NOT EXISTS samples_workload ON samples (workload_id, at)",
    "CREATE INDEX IF NOT EXISTS samples_at ON samples (at)",
    """CREATE TABLE IF NOT EXISTS replies (
        key TEXT PRIMARY KEY,
        fingerprint TEXT NOT NULL,
        workload_id TEXT NOT NULL REFERENCES workloads (id),
        body BLOB NOT NULL,
        created_at TEXT NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS teams (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        description TEXT,
        parent_id TEXT REFERENCES teams (id),
        tags TEXT NOT NULL,
        created_at TEXT NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS templates (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        scope TEXT NOT NULL,
        description TEXT,
        gpu_type TEXT,
        requested_gpus REAL,
        k8s_manifest TEXT,
        configuration TEXT NOT NULL,
        is_system INTEGER NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS allocations (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        initiative_id TEXT NOT NULL REFERENCES teams (id),
        reservation_id TEXT NOT NULL,
        allocated_instances INTEGER NOT NULL,
        status TEXT NOT NULL,
        created_at TEXT NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS repository_blobs (
        repository TEXT NOT NULL,
        digest TEXT NOT NULL,
        PRIMARY KEY (repository, digest)) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS manifests (
        repository TEXT NOT NULL,
        digest TEXT NOT NULL,
        media_type TEXT NOT NULL,
        content BLOB NOT NULL,
        PRIMARY KEY (repository, digest))""",
    """CREATE TABLE IF NOT EXISTS tags (
        repository TEXT NOT NULL,
        tag TEXT NOT NULL,
        digest TEXT NOT NULL,
        PRIMARY KEY (repository, tag)) WITHOUT ROWID""",
)
