-- What chamber-local 1 wrote (PRAGMA user_version = 1): its tables, and some workloads.
CREATE TABLE IF NOT EXISTS workloads (
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
    running_pods INTEGER, banked_gpu_seconds REAL NOT NULL DEFAULT 0, resized_at TEXT, waiting_reason TEXT, run_seconds REAL GENERATED ALWAYS AS ((julianday(completed_at) - julianday(started_at)) * 86400) VIRTUAL, gpu_seconds REAL GENERATED ALWAYS AS (banked_gpu_seconds + requested_gpus * IFNULL(running_pods, IFNULL(requested_pods, 1)) / IFNULL(requested_pods, 1) * (julianday(completed_at) - julianday(IFNULL(resized_at, started_at))) * 86400) VIRTUAL);
CREATE INDEX IF NOT EXISTS workloads_of_status ON workloads (status, submitted_at);
CREATE INDEX IF NOT EXISTS workloads_of_job_class ON workloads (job_class, submitted_at);
CREATE INDEX IF NOT EXISTS workloads_of_gpu_type ON workloads (gpu_type COLLATE NOCASE, submitted_at);
CREATE INDEX IF NOT EXISTS workloads_of_initiative_id ON workloads (initiative_id, submitted_at);
CREATE INDEX IF NOT EXISTS workloads_of_submitted_by ON workloads (submitted_by, submitted_at);
CREATE INDEX IF NOT EXISTS workloads_of_capacity_pool_id ON workloads (capacity_pool_id, submitted_at);
CREATE INDEX IF NOT EXISTS workloads_by_submitted_at ON workloads (submitted_at);
CREATE INDEX IF NOT EXISTS workloads_by_started_at ON workloads (IFNULL(started_at, ''));
CREATE INDEX IF NOT EXISTS workloads_by_completed_at ON workloads (IFNULL(completed_at, ''));
CREATE INDEX IF NOT EXISTS workloads_by_name ON workloads (name);
CREATE INDEX IF NOT EXISTS workloads_by_status ON workloads (status);
CREATE INDEX IF NOT EXISTS workloads_by_priority ON workloads (priority);
CREATE INDEX IF NOT EXISTS workloads_by_requested_gpus ON workloads (requested_gpus);
CREATE INDEX IF NOT EXISTS workloads_by_gpu_type ON workloads (gpu_type);
CREATE INDEX IF NOT EXISTS workloads_by_job_class ON workloads (job_class);
CREATE INDEX IF NOT EXISTS workloads_external ON workloads (external_id);
CREATE INDEX IF NOT EXISTS workloads_unfinished ON workloads (seq) WHERE status IN ('PENDING', 'QUEUED', 'STARTING', 'RUNNING');
CREATE INDEX IF NOT EXISTS workloads_counted ON workloads (submitted_at, status, job_class, gpu_type, initiative_id, submitted_by, capacity_pool_id, priority, requested_gpus, run_seconds, gpu_seconds);
CREATE INDEX IF NOT EXISTS workloads_used ON workloads (completed_at, started_at, initiative_id, capacity_pool_id, run_seconds, gpu_seconds);
CREATE INDEX IF NOT EXISTS workloads_with_zeros ON workloads (seq) WHERE instr(name || IFNULL(external_id, ''), char(0)) > 0;
CREATE TABLE IF NOT EXISTS workload_counts (
    status TEXT NOT NULL, job_class TEXT NOT NULL, gpu_type TEXT NOT NULL, initiative_id TEXT NOT NULL, submitted_by TEXT NOT NULL, capacity_pool_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (status, job_class, gpu_type, initiative_id, submitted_by, capacity_pool_id)) WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS count_added AFTER INSERT ON workloads BEGIN INSERT INTO workload_counts VALUES (IFNULL(new.status, ''), IFNULL(new.job_class, ''), IFNULL(new.gpu_type, ''), IFNULL(new.initiative_id, ''), IFNULL(new.submitted_by, ''), IFNULL(new.capacity_pool_id, ''), 1) ON CONFLICT (status, job_class, gpu_type, initiative_id, submitted_by, capacity_pool_id) DO UPDATE SET number = number + 1; END;
CREATE TRIGGER IF NOT EXISTS count_changed AFTER UPDATE OF status, job_class, gpu_type, initiative_id, submitted_by, capacity_pool_id ON workloads BEGIN INSERT INTO workload_counts VALUES (IFNULL(old.status, ''), IFNULL(old.job_class, ''), IFNULL(old.gpu_type, ''), IFNULL(old.initiative_id, ''), IFNULL(old.submitted_by, ''), IFNULL(old.capacity_pool_id, ''), -1) ON CONFLICT (status, job_class, gpu_type, initiative_id, submitted_by, capacity_pool_id) DO UPDATE SET number = number + -1; INSERT INTO workload_counts VALUES (IFNULL(new.status, ''), IFNULL(new.job_class, ''), IFNULL(new.gpu_type, ''), IFNULL(new.initiative_id, ''), IFNULL(new.submitted_by, ''), IFNULL(new.capacity_pool_id, ''), 1) ON CONFLICT (status, job_class, gpu_type, initiative_id, submitted_by, capacity_pool_id) DO UPDATE SET number = number + 1; END;
CREATE TRIGGER IF NOT EXISTS count_removed AFTER DELETE ON workloads BEGIN INSERT INTO workload_counts VALUES (IFNULL(old.status, ''), IFNULL(old.job_class, ''), IFNULL(old.gpu_type, ''), IFNULL(old.initiative_id, ''), IFNULL(old.submitted_by, ''), IFNULL(old.capacity_pool_id, ''), -1) ON CONFLICT (status, job_class, gpu_type, initiative_id, submitted_by, capacity_pool_id) DO UPDATE SET number = number + -1; END;
CREATE VIEW IF NOT EXISTS workload_texts AS SELECT seq, lower(workloads.name || ' ' || IFNULL(workloads.external_id, '') || ' ' || workloads.tags) AS text FROM workloads;
CREATE VIRTUAL TABLE IF NOT EXISTS workload_words USING fts5 (text, content='workload_texts', content_rowid='seq', columnsize=0, tokenize='trigram case_sensitive 1');
CREATE TRIGGER IF NOT EXISTS words_added AFTER INSERT ON workloads BEGIN INSERT INTO workload_words (rowid, text) VALUES (new.seq, lower(new.name || ' ' || IFNULL(new.external_id, '') || ' ' || new.tags)); END;
CREATE TRIGGER IF NOT EXISTS words_changed AFTER UPDATE OF name, external_id, tags ON workloads BEGIN INSERT INTO workload_words (workload_words, rowid, text) VALUES ('delete', old.seq, lower(old.name || ' ' || IFNULL(old.external_id, '') || ' ' || old.tags)); INSERT INTO workload_words (rowid, text) VALUES (new.seq, lower(new.name || ' ' || IFNULL(new.external_id, '') || ' ' || new.tags)); END;
CREATE TRIGGER IF NOT EXISTS words_removed AFTER DELETE ON workloads BEGIN INSERT INTO workload_words (workload_words, rowid, text) VALUES ('delete', old.seq, lower(old.name || ' ' || IFNULL(old.external_id, '') || ' ' || old.tags)); END;
CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    workload_id TEXT NOT NULL REFERENCES workloads (id),
    status TEXT NOT NULL,
    at TEXT NOT NULL,
    reason TEXT);
CREATE INDEX IF NOT EXISTS events_workload ON events (workload_id, seq);
CREATE TABLE IF NOT EXISTS samples (
    workload_id TEXT NOT NULL REFERENCES workloads (id),
    at TEXT NOT NULL,
    source TEXT NOT NULL,
    cpu_utilization REAL,
    memory_bytes REAL,
    gpu_utilization REAL,
    memory_utilization REAL,
    temperature REAL,
    power_usage REAL,
    gpu_usage REAL);
CREATE INDEX IF NOT EXISTS samples_workload ON samples (workload_id, at);
CREATE TABLE IF NOT EXISTS replies (
    key TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    workload_id TEXT NOT NULL REFERENCES workloads (id),
    body BLOB NOT NULL,
    created_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS teams (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    description TEXT,
    parent_id TEXT REFERENCES teams (id),
    tags TEXT NOT NULL,
    created_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS templates (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    scope TEXT NOT NULL,
    description TEXT,
    gpu_type TEXT,
    requested_gpus REAL,
    k8s_manifest TEXT,
    configuration TEXT NOT NULL,
    is_system INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS allocations (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    initiative_id TEXT NOT NULL REFERENCES teams (id),
    reservation_id TEXT NOT NULL,
    allocated_instances INTEGER NOT NULL,
    status TEXT NOT NULL,
    created_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS repository_blobs (
    repository TEXT NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (repository, digest)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS manifests (
    repository TEXT NOT NULL,
    digest TEXT NOT NULL,
    media_type TEXT NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (repository, digest));
CREATE TABLE IF NOT EXISTS tags (
    repository TEXT NOT NULL,
    tag TEXT NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (repository, tag)) WITHOUT ROWID;
CREATE TABLE tenancy (kind TEXT NOT NULL, noun_id TEXT NOT NULL, organization_id TEXT NOT NULL, PRIMARY KEY (kind, noun_id)) WITHOUT ROWID;
INSERT INTO teams (id, name, tags, created_at) VALUES ('init_local', 'local', '{}', '2024-01-01T00:00:00.000000Z');
INSERT INTO workloads (id, name, status, initiative_id, gpu_type, requested_gpus, job_class, priority, submitted_by, submitted_at, started_at, completed_at, external_id, metadata, tags, capacity_pool_id) VALUES ('wl_0', 'Training Llama', 'COMPLETED', 'init_local', 'H100', 2.0, 'RESERVED', 50, 'local-user', '2024-01-30T22:00:00.000000Z', '2024-01-30T22:00:00.000000Z', '2024-01-30T22:30:00.000000Z', 'run-0', '{}', '{}', 'pool_h100');
INSERT INTO events (workload_id, status, at) VALUES ('wl_0', 'COMPLETED', '2024-01-30T22:30:00.000000Z');
INSERT INTO workloads (id, name, status, initiative_id, gpu_type, requested_gpus, job_class, priority, submitted_by, submitted_at, started_at, completed_at, external_id, metadata, tags, capacity_pool_id) VALUES ('wl_1', 'évaluation', 'FAILED', 'init_local', 'H100', 1.0, 'ELASTIC', 50, 'local-user', '2024-01-30T23:00:00.000000Z', '2024-01-30T23:01:00.000000Z', '2024-01-31T01:01:00.000000Z', 'run-1', '{}', '{}', 'pool_h100');
INSERT INTO events (workload_id, status, at) VALUES ('wl_1', 'FAILED', '2024-01-31T01:01:00.000000Z');
INSERT INTO workloads (id, name, status, initiative_id, gpu_type, requested_gpus, job_class, priority, submitted_by, submitted_at, started_at, completed_at, external_id, metadata, tags, capacity_pool_id) VALUES ('wl_2', 'night run', 'COMPLETED', 'init_local', 'A100', 4.0, 'RESERVED', 50, 'local-user', '2024-01-31T00:00:00.000000Z', '2024-02-02T00:00:00.000000Z', '2024-02-05T00:00:00.000000Z', 'run-2', '{}', '{}', 'pool_a100');
INSERT INTO events (workload_id, status, at) VALUES ('wl_2', 'COMPLETED', '2024-02-05T00:00:00.000000Z');
INSERT INTO workloads (id, name, status, initiative_id, gpu_type, requested_gpus, job_class, priority, submitted_by, submitted_at, started_at, completed_at, external_id, metadata, tags, capacity_pool_id) VALUES ('wl_3', 'not started', 'CANCELLED', 'init_local', 'A100', 1.0, 'ELASTIC', 50, 'local-user', '2024-01-31T01:00:00.000000Z', NULL, '2024-01-31T01:01:00.000000Z', 'run-3', '{}', '{}', 'pool_a100');
INSERT INTO events (workload_id, status, at) VALUES ('wl_3', 'CANCELLED', '2024-01-31T01:01:00.000000Z');
INSERT INTO workloads (id, name, status, initiative_id, gpu_type, requested_gpus, job_class, priority, submitted_by, submitted_at, started_at, completed_at, external_id, metadata, tags, capacity_pool_id) VALUES ('wl_4', 'waits', 'PENDING', 'init_local', 'H100', 1.0, 'RESERVED', 50, 'local-user', '2024-01-31T02:00:00.000000Z', NULL, NULL, 'run-4', '{"simulated_seconds": 60}', '{}', 'pool_h100');
INSERT INTO events (workload_id, status, at) VALUES ('wl_4', 'PENDING', '2024-01-31T02:00:00.000000Z');
PRAGMA user_version = 1;
