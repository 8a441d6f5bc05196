import json
import signal
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
import pytest

from chamber.core.errors import ConfigurationError
from chamber.local import LocalChamber


def test_a_restart_on_the_same_folder_loses_nothing(tmp_path, tools):
    with LocalChamber(data_dir=tmp_path / "data") as chamber:
        call = tools.Caller(chamber)
        image = call.push_image("team/project", tools.layer(("app/a.py", b"print('hi')")))
        done = call.wait(call.run(["python", "a.py"], image=image), "completed")
        team = call("POST", "/v1/teams", {"name": "ML"}).data
        token = chamber.token
    with LocalChamber(data_dir=tmp_path / "data") as chamber:
        call = tools.Caller(chamber)
        assert chamber.token == token
        assert call.get(f"/workloads/{done['workload_id']}") == done
        assert chamber.logs(done["workload_id"]) == "hi\n"
        assert call.get(f"/workloads/{done['workload_id']}/metrics")["sample_count"] > 0
        assert call.get(f"/teams/{team['id']}") == team
        again = call.wait(call.run(["python", "a.py"], image=image), "completed")
        assert chamber.logs(again["workload_id"]) == "hi\n"


def test_stopping_marks_what_runs_as_failed_and_runs_what_waits_later(tmp_path, tools):
    with LocalChamber(data_dir=tmp_path, grace=0.5) as chamber:
        call = tools.Caller(chamber)
        running = call.run(["sleep", "600"], requested_gpus=8)
        call.wait(running, "running")
        waiting = call.run(["true"])
        call.wait(waiting, "queued")
    with LocalChamber(data_dir=tmp_path) as chamber:
        call = tools.Caller(chamber)
        assert "Chamber was stopped" in call.wait(running, "failed")["failure_reason"]
        assert call.wait(waiting)["status"] == "completed"


@pytest.fixture
def served(tmp_path, tools):
    """Starts ``python -m chamber.local`` on one folder; what it prints as a mapping."""
    started = []

    def start(*arguments):
        command = [sys.executable, "-m", "chamber.local", "--data-dir", str(tmp_path / "data"), *arguments]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(5)]
        told = dict(line.removeprefix("export ").strip().split("=", 1) for line in lines)
        return process, told

    yield start
    for process in started:
        process.kill()
        process.communicate()


class Told:
    """What a served Chamber printed, with the attributes of a LocalChamber."""

    def __init__(self, told):
        self.registry, self.token = told["CHAMBER_LOCAL_REGISTRY"], told["CHAMBER_TOKEN"]
        self.team, self.api_url = told["CHAMBER_LOCAL_TEAM"], told["CHAMBER_API_URL"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_module_serves_until_it_is_told_to_stop(served, tools, number):
    process, told = served("--gpus", "A100=2,L4=1")
    call = tools.Caller(Told(told))
    assert [pool["gpu_type"] for pool in call.get("/capacity")["pools"]] == ["A100", "L4"]
    assert told["CHAMBER_API_URL"] == f"http://{told['CHAMBER_LOCAL_REGISTRY']}/v1"

    process.send_signal(number)

    assert process.wait(timeout=20) == 0
    assert process.stderr.read() == ""


def test_the_module_speaks_the_dialect_that_it_is_told(served, tools):
    _, told = served("--dialect", "legacy")

    answer = tools.Caller(Told(told))("GET", "/v1/health").json

    assert set(answer) == {"status", "version", "timestamp"}


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--host", "0.0.0.0"], "--expose"),
        (["--gpus", "H100"], "does not look like H100=8"),
        (["--dialect", "klingon"], "dialect='klingon' is not there; there is documented, legacy"),
        (["--port", "99999"], "0 (any free one) to 65535"),
    ],
)
def test_a_wrong_setting_ends_the_module_with_the_reason(arguments, text):
    command = [sys.executable, "-m", "chamber.local", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)

    assert ended.returncode == 2
    assert text in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_killed_server_loses_no_acknowledged_submission(served, tools):
    process, told = served()
    call = tools.Caller(Told(told))
    running = call.python("import os, time; print(os.getpid(), flush=True); time.sleep(600)", requested_gpus=8)
    call.wait(running, "running")
    orphan = int(tools.until(lambda: call("GET", f"/v1/workloads/{running}/logs").body))
    waiting = [call.run(["true"]) for _ in range(5)]

    process.kill()
    process.wait()
    _, told = served()

    call = tools.Caller(Told(told))
    failed = call.get(f"/workloads/{running}")
    assert (failed["status"], failed["exit_code"]) == ("failed", None)
    assert "Chamber stopped while this workload was running" in failed["failure_reason"]
    for workload in waiting:
        assert call.wait(workload)["status"] == "completed"
    tools.until(lambda: not psutil.pid_exists(orphan))


def test_an_environment_under_way_is_not_left_behind_by_a_killed_server(served, tools, tmp_path):
    process, told = served()
    call = tools.Caller(Told(told))
    note = tmp_path / "pid"
    setup = f"import os, pathlib, time; pathlib.Path({str(note)!r}).write_text(str(os.getpid())); time.sleep(600)"
    backend = "[build-system]\nrequires = []\nbuild-backend = 'slow'\nbackend-path = ['.']\n"
    recipe = {"schema": 1, "key": "0123456789abcdef", "python": None, "install": [["--no-index", "./project"]]}
    files = {"recipe.json": json.dumps(recipe), "project/pyproject.toml": backend, "project/slow.py": setup}
    layer = tools.layer(*((f"opt/chamber/environment/{name}", text.encode()) for name, text in files.items()))
    workload = call.run(["true"], image=call.push_image("team/project", layer))
    building = int(tools.until(lambda: note.exists() and note.read_text()))

    process.kill()
    process.wait()
    _, told = served()

    failed = tools.Caller(Told(told)).wait(workload, "failed")
    assert "Chamber stopped while this workload was running" in failed["failure_reason"]
    tools.until(lambda: not psutil.pid_exists(building))


def test_the_module_takes_a_file_that_says_who_may_use_what(served, tools, tmp_path):
    config = tmp_path / "chamber.yaml"
    config.write_text("pools: [{gpu_type: L4, gpus: 3}]\nteams: [{id: vision, name: Vision}]\n")
    _, told = served("--config", str(config))
    call = tools.Caller(Told(told))

    assert [pool["gpu_type"] for pool in call.get("/capacity")["pools"]] == ["L4"]
    assert call.get("/teams/vision")["name"] == "Vision"


def test_the_database_is_in_wal_mode(tmp_path):
    with LocalChamber(data_dir=tmp_path) as chamber:
        path = chamber._started.folder.database
        connection = sqlite3.connect(path)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        connection.close()


def test_one_folder_serves_one_chamber(tmp_path):
    with LocalChamber(data_dir=tmp_path), pytest.raises(ConfigurationError, match="in use by another Chamber"):
        LocalChamber(data_dir=tmp_path).start()


def test_a_broken_identity_is_an_error_that_names_the_file(tmp_path):
    (tmp_path / "identity.json").write_text("{")

    with pytest.raises(ConfigurationError, match=r"identity\.json cannot be read"):
        LocalChamber(data_dir=tmp_path).start()


def test_a_temporary_folder_is_removed():
    with LocalChamber() as chamber:
        folder = chamber._started.folder.path
        assert folder.exists()
    assert not folder.exists()


def test_a_chamber_that_was_forgotten_ends_with_the_interpreter(tools):
    code = """
        from chamber.local import LocalChamber
        chamber = LocalChamber().start()
        print(chamber._started.folder.path)
    """
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    assert (ended.returncode, ended.stderr) == (0, "")
    assert not Path(ended.stdout.strip()).exists()
