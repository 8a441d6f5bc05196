"""The command in a real terminal: what is live, what is folded, and what Ctrl-C does."""

import os
import signal
import subprocess
import sys

import pytest

pytestmark = pytest.mark.once

#: Seconds; only a test that is wrong takes as long.
PATIENCE = 120
WAITS = """
import pathlib, sys, time
print("begun", flush=True)
while not pathlib.Path(sys.argv[1]).exists():
    time.sleep(0.02)
print("\\033[1mover\\033[0m", flush=True)
"""


def ended(client, workload_id):
    return client.wait_for_completion(workload_id, poll_interval=0.05, timeout=PATIENCE).status


def newest(client):
    return client.list_workloads(limit=1).items[0]


def test_a_run_is_followed_live_to_its_end(terminal, live, project, tmp_path):
    go = tmp_path / "go"
    shown = terminal(
        "run", project(WAITS), "--team", live.team, "--wait", "--poll-interval", "0.05", "--", go, chamber=live
    )
    shown.expect("begun")
    go.touch()
    assert shown.ended() == 0
    assert "✓ submit" in shown.screen
    assert shown.screen.splitlines()[-2:] == ["over", "project is COMPLETED"]
    assert "Traceback" not in shown.screen


def test_ctrl_c_leaves_a_followed_job_running_and_tells_how_to_come_back(terminal, live, project, tmp_path):
    go = tmp_path / "go"
    shown = terminal(
        "run", project(WAITS), "--team", live.team, "--wait", "--poll-interval", "0.05", "--", go, chamber=live
    )
    shown.expect("begun")
    shown.interrupt()
    assert shown.ended() == 130
    with live.client() as client:
        job = newest(client)
        assert not job.is_terminal
        assert shown.screen.splitlines()[-4:] == [
            "Detached: project goes on running. To come back to it, or to end it:",
            f"  chamber logs -f {job.id}",
            f"  chamber workloads watch {job.id}",
            f"  chamber workloads cancel {job.id}",
        ]
        go.touch()
        assert ended(client, job.id) == "COMPLETED"


def test_ctrl_c_before_a_job_is_submitted_submits_nothing(terminal, live, project):
    folder = project(WAITS)
    live.faults.add("delay", path="/v1/workloads", seconds=600)
    shown = terminal("run", folder, "--team", live.team, chamber=live)
    shown.expect("manifest")
    shown.interrupt()
    assert shown.ended() == 130
    assert "Interrupted" in shown.screen
    assert live.workloads() == ()


def test_a_list_is_a_table_with_colours_for_eyes(terminal, seeded):
    shown = terminal("workloads", "list", "--limit", "5", "--status", "completed", chamber=seeded)
    assert shown.ended() == 0
    lines = shown.screen.splitlines()
    assert lines[0].split()[:3] == ["ID", "NAME", "STATUS"]
    assert len([line for line in lines if "COMPLETED" in line]) == 5
    assert "ago" in lines[1] or "-" in lines[1]


def test_where_nothing_is_pending_a_list_says_how_to_find_what_is_queued(terminal, seeded):
    shown = terminal("workloads", "list", "--status", "PENDING", "--team", "init_none", chamber=seeded)
    assert shown.ended() == 0
    told = "No workload matches; what waits for GPUs is queued: --status pending,queued"
    assert shown.screen == told
    shown = terminal("workloads", "list", "--status", "failed", "--team", "init_none", chamber=seeded)
    assert shown.ended() == 0
    assert shown.screen == "No workload matches"


def test_an_explanation_is_broken_between_words(terminal, cli, seeded):
    failed = next(work for work in seeded.workloads() if work.status == "FAILED")
    told = cli("workloads", "explain", failed.id, chamber=seeded).stdout
    shown = terminal("workloads", "explain", failed.id, chamber=seeded, columns=60)
    assert shown.ended() == 0
    assert len(shown.screen.splitlines()) > len(told.splitlines()) == 2
    assert shown.screen.split() == told.split()


def test_no_colour_is_shown_where_none_is_wanted(terminal, seeded):
    written = []
    shown = terminal("workloads", "list", "--limit", "1", chamber=seeded, NO_COLOR="1")
    shown.write = written.append
    assert shown.ended() == 0
    assert "\x1b[3" not in "".join(written)


def test_a_watched_table_is_live_and_ends_with_its_workloads(terminal, live, project, tmp_path):
    go = tmp_path / "go"
    with live.client() as client:
        job = client.run(project(WAITS), team=live.team, entrypoint_args=[str(go)])
        shown = terminal("workloads", "watch", job.id, "--interval", "0.05", chamber=live)
        shown.expect("RUNNING")
        go.touch()
        assert shown.ended() == 0
    lines = [line for line in shown.screen.splitlines() if job.id in line]
    assert len(lines) == 1, shown.screen
    assert "COMPLETED" in lines[0]


def test_a_wait_shows_how_many_have_ended_and_then_the_table(terminal, live, project, tmp_path):
    go = tmp_path / "go"
    with live.client() as client:
        folder = project(WAITS)
        jobs = [client.run(folder, team=live.team, entrypoint_args=[str(go)]).id for _ in range(2)]
        shown = terminal("workloads", "wait", *jobs, "--interval", "0.05", chamber=live)
        shown.expect("0 of 2 have ended")
        go.touch()
        assert shown.ended() == 0
    assert "2 of 2 have ended (2 COMPLETED)" in shown.screen
    assert all(job in shown.screen.rpartition("have ended")[2] for job in jobs)


def test_ctrl_c_ends_a_wait_and_no_workload(terminal, live, project, tmp_path):
    go = tmp_path / "go"
    with live.client() as client:
        job = client.run(project(WAITS), team=live.team, entrypoint_args=[str(go)])
        shown = terminal("workloads", "wait", job.id, "--interval", "0.05", chamber=live)
        shown.expect("project is RUNNING")
        shown.interrupt()
        assert shown.ended() == 130
        assert shown.screen.splitlines()[-1] == "Stopped waiting: what runs goes on running"
        go.touch()
        assert ended(client, job.id) == "COMPLETED"


def test_ctrl_c_ends_a_watch_and_no_workload(terminal, live, project, tmp_path):
    go = tmp_path / "go"
    with live.client() as client:
        job = client.run(project(WAITS), team=live.team, entrypoint_args=[str(go)])
        shown = terminal("workloads", "watch", "--interval", "0.05", chamber=live)
        shown.expect("RUNNING")
        shown.interrupt()
        assert shown.ended() == 130
        assert "what runs goes on running" in shown.screen
        go.touch()
        assert ended(client, job.id) == "COMPLETED"


def test_ctrl_c_ends_the_printing_of_output_and_not_the_workload(terminal, live, project, tmp_path):
    go = tmp_path / "go"
    with live.client() as client:
        job = client.run(project(WAITS), team=live.team, entrypoint_args=[str(go)])
        shown = terminal("logs", "-f", job.id, chamber=live)
        shown.expect("begun")
        shown.interrupt()
        assert shown.ended() == 130
        go.touch()
        assert ended(client, job.id) == "COMPLETED"


def test_a_plan_is_shown_for_eyes(terminal, project):
    shown = terminal("run", project(WAITS), "--registry", "localhost:5000/x", "--team", "ml", "--dry-run")
    assert shown.ended() == 0
    assert "project: 1 x H100, ELASTIC, for team ml" in shown.screen
    assert "Manifest" in shown.screen


def test_an_error_is_one_line_of_a_terminal_too(terminal, seeded):
    shown = terminal("workloads", "get", "wl_unknown", chamber=seeded)
    assert shown.ended() == 4
    assert shown.screen.startswith("Error: ")
    assert "Traceback" not in shown.screen


@pytest.mark.parametrize("words", [("teams", "list"), ("capacity",), ("whoami",), ("plugins",), ("workloads", "stats")])
def test_every_table_fits_a_terminal(terminal, seeded, words):
    shown = terminal(*words, chamber=seeded)
    assert shown.ended() == 0
    assert shown.screen


def test_a_run_in_a_pipe_that_is_interrupted_says_so_in_plain_lines(live, project, tmp_path):
    """As in CI, where a job of it is cancelled."""
    go = tmp_path / "go"
    environment = {**os.environ, "CHAMBER_API_URL": live.api_url, "CHAMBER_TOKEN": live.token}
    words = ["run", project(WAITS), "--team", live.team, "--wait", "--poll-interval", "0.05", "--", go]
    command = [sys.executable, "-m", "chamber.command", *map(str, words)]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=PATIENCE)
    go.touch()
    assert (process.returncode, output) == (130, "")
    assert "\x1b" not in errors
    assert errors.splitlines()[-4].startswith("Detached: project goes on running.")
    with live.client() as client:
        assert ended(client, newest(client).id) == "COMPLETED"


def test_ctrl_c_leaves_a_job_running_that_would_be_submitted_again(terminal, live, project, tmp_path):
    go = tmp_path / "go"
    words = ("--team", live.team, "--wait", "--poll-interval", "0.05", "--on-preempted", "resubmit", "--", go)
    shown = terminal("run", project(WAITS), *words, chamber=live)
    shown.expect("project is")
    shown.interrupt()
    assert shown.ended() == 130
    with live.client() as client:
        job = newest(client)
        assert shown.screen.splitlines()[-1] == f"  chamber workloads cancel {job.id}"
        go.touch()
        assert ended(client, job.id) == "COMPLETED"
