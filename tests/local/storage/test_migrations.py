import sqlite3
from pathlib import Path

import pytest

from chamber.core.errors import ConfigurationError
from chamber.local import LocalChamber
from chamber.local.storage.migrations import migrate

#: What chamber-local wrote before its tables had a version, dumped as SQL.
OLDER = Path(__file__).with_name("schema_0.sql").read_text("utf-8")


@pytest.fixture
def older(tmp_path):
    connection = sqlite3.connect(tmp_path / "chamber.sqlite3")
    connection.executescript(OLDER)
    connection.close()
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


def test_tables_that_were_brought_up_to_date_are_as_new_ones(older, tmp_path):
    tables = []
    for path in (older / "chamber.sqlite3", tmp_path / "new.sqlite3"):
        connection = sqlite3.connect(path)
        migrate(connection)
        names = "SELECT type, name FROM sqlite_master ORDER BY type, name"
        columns = "SELECT name, type, hidden FROM pragma_table_xinfo('workloads') ORDER BY name"
        tables.append([connection.execute(query).fetchall() for query in (names, columns)])
        migrate(connection)
        connection.close()

    assert tables[0] == tables[1]


def test_a_folder_of_a_newer_chamber_is_left_alone(older):
    connection = sqlite3.connect(older / "chamber.sqlite3")
    connection.execute("PRAGMA user_version = 99")
    connection.close()

    with pytest.raises(ConfigurationError, match="written by a newer chamber-local"):
        LocalChamber(data_dir=older).start()
