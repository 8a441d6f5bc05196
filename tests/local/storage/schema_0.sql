BEGIN TRANSACTION;
CREATE TABLE allocations (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        initiative_id TEXT NOT NULL REFERENCES teams (id),
        reservation_id TEXT NOT NULL,
        allocated_instances INTEGER NOT NULL,
        status TEXT NOT NULL,
        created_at TEXT NOT NULL);
CREATE TABLE events (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        workload_id TEXT NOT NULL REFERENCES workloads (id),
        status TEXT NOT NULL,
        at TEXT NOT NULL,
        reason TEXT);
INSERT INTO "events" VALUES(1,'wl_0','COMPLETED','2024-01-15T10:30:00.000000Z',NULL);
INSERT INTO "events" VALUES(2,'wl_1','FAILED','2024-01-15T10:31:00.000000Z',NULL);
INSERT INTO "events" VALUES(3,'wl_2','QUEUED','2024-01-15T10:32:00.000000Z',NULL);
INSERT INTO "events" VALUES(4,'wl_3','CANCELLED','2024-01-15T10:33:00.000000Z',NULL);
CREATE TABLE manifests (
        repository TEXT NOT NULL,
        digest TEXT NOT NULL,
        media_type TEXT NOT NULL,
        content BLOB NOT NULL,
        PRIMARY KEY (repository, digest));
CREATE TABLE replies (
        key TEXT PRIMARY KEY,
        fingerprint TEXT NOT NULL,
        workload_id TEXT NOT NULL REFERENCES workloads (id),
        body BLOB NOT NULL,
        created_at TEXT NOT NULL);
CREATE TABLE repository_blobs (
        repository TEXT NOT NULL,
        digest TEXT NOT NULL,
        PRIMARY KEY (repository, digest)) WITHOUT ROWID;
CREATE TABLE samples (
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
CREATE TABLE tags (
        repository TEXT NOT NULL,
        tag TEXT NOT NULL,
        digest TEXT NOT NULL,
        PRIMARY KEY (repository, tag)) WITHOUT ROWID;
CREATE TABLE teams (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        description TEXT,
        parent_id TEXT REFERENCES teams (id),
        tags TEXT NOT NULL,
        created_at TEXT NOT NULL);
INSERT INTO "teams" VALUES(1,'init_local','local','The team of this machine',NULL,'{}','2024-01-15T10:30:00.000000Z');
CREATE TABLE templates (
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
CREATE TABLE workloads (
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
        pid_created REAL);
INSERT INTO "workloads" VALUES(1,'wl_0','Training Llama','COMPLETED','init_local','H100',2.0,'RESERVED',100,'local-user','2024-01-15T10:30:00.000000Z','2024-01-15T11:00:00.000000Z','2024-01-15T12:00:00.000000Z',NULL,NULL,NULL,NULL,'{"a":{"b":[1,null]}}','{"when":"night"}',NULL,NULL,'pool_h100',NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "workloads" VALUES(2,'wl_1','évaluation','FAILED','init_local','H100',2.0,'RESERVED',100,'local-user','2024-01-15T10:31:00.000000Z','2024-01-15T11:00:00.000000Z','2024-01-15T11:30:00.000000Z',NULL,NULL,'run-7',NULL,'{"a":{"b":[1,null]}}','{}',NULL,NULL,'pool_h100',NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "workloads" VALUES(3,'wl_2','waiting','QUEUED','init_local','h100',2.0,'RESERVED',100,'local-user','2024-01-15T10:32:00.000000Z',NULL,NULL,NULL,NULL,NULL,NULL,'{"a":{"b":[1,null]}}','{}',NULL,NULL,'pool_h100',NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "workloads" VALUES(4,'wl_3','never placed','CANCELLED','init_local','H100',2.0,'RESERVED',100,'local-user','2024-01-15T10:33:00.000000Z',NULL,'2024-01-15T11:30:00.000000Z',NULL,NULL,NULL,NULL,'{"a":{"b":[1,null]}}','{}',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE INDEX workloads_status ON workloads (status, seq);
CREATE INDEX workloads_initiative ON workloads (initiative_id, seq);
CREATE INDEX workloads_external ON workloads (external_id);
CREATE INDEX events_workload ON events (workload_id, seq);
CREATE INDEX samples_workload ON samples (workload_id, at);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('teams',1);
INSERT INTO "sqlite_sequence" VALUES('workloads',4);
INSERT INTO "sqlite_sequence" VALUES('events',4);
COMMIT;
