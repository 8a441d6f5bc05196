import sqlite3
from pathlib import Path

import pytest

from chamber.core.errors import ConfigurationError
from chamber.local import LocalChamber
from chamber.local.storage.migrations import migrate

#: What chamber-local wrote before its tables had a version, and with version 1, as SQL.
OLDER = [Path(__file__).with_name(f"schema_{version}.sql").read_text("utf-8") for version in (0, 1)]


def written(path, version):
    connection = sqlite3.connect(path)
    connection.executescript(OLDER[version])
    connection.close()


@pytest.fixture
def older(tmp_path):
    written(tmp_path / "chamber.sqlite3", 0)
    return tmp_path


def test_a_folder_of_an_older_chamber_is_brought_up_to_date_in_place(older, tools):
    with LocalChamber(data_dir=older, executor="simulated") as chamber:
        call = tools.Caller(chamber)
        assert call.wait("wl_2")["status"] == "completed"
        done = call.get("/workloads/wl_0")
        assert (done["name"], done["status"], done["gpu_hours_used"]) == ("Training Llama", "completed", 2)
        assert done["metadata"] == {"a": {"b": [1, None]}}
        assert [change["status"] for change in done["status_history"]] == ["completed"]
        counted = call.get("/workloads/aggregations?dimension=status")
        assert {b["key"]: b["count"] for b in counted["buckets"]} == {"completed": 2, "failed": 1, "cancelled": 1}
        for query, found in [("llama night", "wl_0"), ("RUN-7", "wl_1"), ("évalu", "wl_1"), ("wl_3", "wl_3")]:
            (item,) = call("POST", "/v1/workloads/search", {"query": query}).data["items"]
            assert item["workload_id"] == found
        call.wait(call.submit(name="after it"), "completed")
        assert call("POST", "/v1/workloads/search", {"query": "after"}).data["total_count"] == 1


def test_a_folder_of_version_1_is_brought_up_to_date_in_place(tmp_path, tools):
    written(tmp_path / "chamber.sqlite3", 1)

    with LocalChamber(data_dir=tmp_path, executor="simulated") as chamber:
        call = tools.Caller(chamber)
        told = call.get("/workloads/stats?time_range=custom&end_date=2024-12-31&group_by=instance_type")
        assert told["summary"]["total_workloads"] == 5
        assert told["summary"]["total_gpu_hours"] == pytest.approx(1 + 2 + 4 * 72)
        assert {group["instance_type"]: group["workload_count"] for group in told["grouped"]} == {"H100": 3, "A100": 2}
        call.wait("wl_4", "running")
        chamber.clock.advance(60)
        assert call.wait("wl_4")["status"] == "completed"
        (item,) = call("POST", "/v1/workloads/search", {"query": "évaluation"}).data["items"]
        assert item["workload_id"] == "wl_1"


@pytest.mark.parametrize("version", [0, 1])
def test_tables_that_were_brought_up_to_date_are_as_new_ones(tmp_path, version):
    written(tmp_path / "older.sqlite3", version)
    tables = []
    for path in (tmp_path / "older.sqlite3", tmp_path / "new.sqlite3"):
        connection = sqlite3.connect(path)
        migrate(connection)
        names = "SELECT type, name FROM sqlite_master WHERE name != 'tenancy' ORDER BY type, name"
        columns = "SELECT name, type, hidden FROM pragma_table_xinfo('workloads') ORDER BY name"
        tables.append([connection.execute(query).fetchall() for query in (names, columns)])
        migrate(connection)
        connection.close()

    assert tables[0] == tables[1]


@pytest.mark.parametrize("version", [0, 1])
def test_sums_over_what_was_there_are_those_that_triggers_would_have_kept(tmp_path, version):
    written(tmp_path / "older.sqlite3", version)
    older, newer = sqlite3.connect(tmp_path / "older.sqlite3"), sqlite3.connect(":memory:")
    for connection in (older, newer):
        migrate(connection)
    columns = [row[0] for row in older.execute("SELECT name FROM pragma_table_info('workloads')")]
    held = older.execute(f"SELECT {', '.join(columns)} FROM workloads").fetchall()
    newer.executemany(f"INSERT INTO workloads ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})", held)

    for table in ("workload_counts", "workload_sums", "usage"):
        rows = [connection.execute(f"SELECT * FROM {table}").fetchall() for connection in (older, newer)]
        assert rows[0] == [pytest.approx(row) for row in rows[1]], table
        assert rows[0]
    older.close()
    newer.close()


def test_a_folder_of_a_newer_chamber_is_left_alone(older):
    connection = sqlite3.connect(older / "chamber.sqlite3")
    connection.execute("PRAGMA user_version = 99")
    connection.close()

    with pytest.raises(ConfigurationError, match="written by a newer chamber-local"):
        LocalChamber(data_dir=older).start()
