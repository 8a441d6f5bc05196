"""Workloads: listed, read, searched, measured, awaited, watched, cancelled, explained."""

import csv
import io
import json

import pytest

from chamber.core import ChamberClient


@pytest.fixture
def job(live):
    """``job(script)`` → a job that a shell runs."""
    client = live.client()

    def job(script, name="job", **fields):
        manifest = {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": name, "labels": {"chamber.io/team": live.team}},
            "spec": {
                "template": {
                    "metadata": {"labels": {"chamber.io/team": live.team}},
                    "spec": {
                        "restartPolicy": "Never",
                        "containers": [
                            {
                                "name": "job",
                                "image": f"{live.registry}/chamber.local/python:latest",
                                "command": ["sh", "-c", script],
                            }
                        ],
                    },
                }
            },
        }
        return client.submit_job(name, live.team, "H100", 1, "ELASTIC", k8s_manifest=json.dumps(manifest), **fields)

    with client:
        yield job


def test_the_newest_are_listed_first_and_as_many_as_are_wanted(told, seeded):
    newest = sorted(seeded.workloads(), key=lambda work: work.submitted_at, reverse=True)
    assert [row["id"] for row in told("workloads", "list", chamber=seeded)] == [work.id for work in newest[:20]]
    assert len(told("workloads", "list", "--limit", "130")) == 130
    assert len(told("workloads", "list", "--all")) == len(newest)


def test_a_list_is_filtered(told, cli, seeded):
    rows = told("workloads", "list", "--status", "failed,cancelled", "--team", "init_vision", "--all", chamber=seeded)
    assert {row["status"] for row in rows} == {"FAILED", "CANCELLED"}
    assert {row["initiative_id"] for row in rows} == {"init_vision"}
    assert told("workloads", "list", "--status", "failed,cancelled", "--initiative", "init_vision", "--all") == rows
    ids = cli("workloads", "list", "--status", "failed,cancelled", "--team", "init_vision", "--all", "--quiet").stdout
    assert ids.split() == [row["id"] for row in rows]
    oldest = told("workloads", "list", "--order", "asc", "--limit", "1", "--submitted-by", "ada")[0]
    assert oldest["submitted_by"] == "ada"
    assert told("workloads", "list", "--before", oldest["submitted_at"], "--submitted-by", "ada", "--managed") in (
        [],
        [oldest],
    )


def test_workloads_are_read_by_their_ids(told, cli, seeded):
    ids = [work.id for work in seeded.workloads()[:3]]
    assert told("workloads", "get", ids[0], chamber=seeded)["id"] == ids[0]
    assert [row["id"] for row in told("workloads", "get", *ids)] == ids
    fields = dict(line.split("\t") for line in cli("workloads", "get", ids[0]).stdout.splitlines())
    assert (fields["id"], fields["failure_reason"] is not None) == (ids[0], True)


def test_workloads_are_searched(told, cli, seeded):
    rows = told("workloads", "search", "ocr", "--min-gpus", "2", "--status", "failed", "--all", chamber=seeded)
    assert rows
    assert all("ocr" in json.dumps(row) and row["requested_gpus"] >= 2 and row["status"] == "FAILED" for row in rows)
    ordered = told("workloads", "search", "--sort-by", "requested_gpus", "--order", "asc", "--limit", "5")
    assert [row["requested_gpus"] for row in ordered] == sorted(row["requested_gpus"] for row in ordered)
    assert cli("workloads", "search", "--min-priority", "101").exit_code == 2


def test_what_workloads_add_up_to_is_shown(told, cli, seeded):
    words = ("workloads", "stats", "--time-range", "last_30_days", "--group-by", "submitted_by")
    stats = told(*words, chamber=seeded)
    rows = list(csv.DictReader(io.StringIO(cli(*words, "-o", "csv").stdout)))
    assert sum(int(row["workload_count"]) for row in rows) == stats["total"]
    assert cli(*words).stdout.splitlines()[0] == "key\tworkloads\tgpu_hours\tsuccess_rate"
    assert cli("workloads", "stats", "--time-range", "custom").exit_code == 2


def test_the_metrics_of_one_workload_and_a_ranking_are_shown(told, cli, seeded):
    newest = told("workloads", "list", "--status", "completed", chamber=seeded)[0]["id"]
    metrics = told("workloads", "metrics", newest, "--metric", "gpu_utilization")
    lines = [
        line.split("\t")
        for line in cli("workloads", "metrics", newest, "--metric", "gpu_utilization").stdout.splitlines()
    ]
    assert lines[0] == ["metric", "avg", "min", "max", "current"]
    assert float(lines[1][1]) == pytest.approx(metrics["gpu_utilization"]["avg"])
    ranked = cli("workloads", "metrics", "--sort-by", "gpu_hours", "--limit", "3", "--time-range", "last_30d").stdout
    hours = [float(line.split("\t")[-1]) for line in ranked.splitlines()[1:]]
    assert (len(hours), hours) == (3, sorted(hours, reverse=True))


def test_waiting_ends_with_how_they_ended(cli, live, job):
    good, bad = job("true"), job("exit 3")
    done = cli("workloads", "wait", good.id, "--poll-interval", "0.05", "-o", "json", chamber=live)
    assert (done.exit_code, json.loads(done.stdout)[0]["status"]) == (0, "COMPLETED")
    assert cli("workloads", "cancel", good.id).exit_code == 5
    done = cli("workloads", "wait", good.id, bad.id, "--poll-interval", "0.05")
    assert done.exit_code == 8
    assert [line.split("\t")[2] for line in done.stdout.splitlines()[1:]] == ["COMPLETED", "FAILED"]


def test_waiting_for_what_goes_on_ends_in_time(cli, live, job):
    work = job("sleep 600")
    done = cli("workloads", "wait", work.id, "--timeout", "0", chamber=live)
    assert (done.exit_code, done.stderr.count("\n")) == (7, 1)
    assert "`chamber workloads wait`" in done.stderr
    assert cli("workloads", "cancel", work.id, "-q").exit_code == 2
    cancelled = cli("workloads", "cancel", work.id, "-o", "jsonl")
    assert json.loads(cancelled.stdout)["id"] == work.id
    assert cli("workloads", "wait", work.id, "--poll-interval", "0.05").exit_code == 8


def test_each_of_several_is_cancelled_that_can_be_and_each_failure_is_a_line(cli, live, job):
    over, first, second = job("true"), job("sleep 600"), job("sleep 600")
    assert cli("workloads", "wait", over.id, "--poll-interval", "0.05", chamber=live).exit_code == 0
    words = ("wl_unknown", first.id, first.id, over.id, "no/id", second.id)
    done = cli("workloads", "cancel", *words, "-o", "json")
    assert done.exit_code == 4  # of the first that failed
    assert [row["id"] for row in json.loads(done.stdout)] == [first.id, second.id]
    told = [line.split(": ")[:2] for line in done.stderr.splitlines()]
    assert told == [["Error", failed] for failed in ("wl_unknown", over.id, "no/id")]
    assert cli("workloads", "wait", first.id, second.id, "--poll-interval", "0.05").exit_code == 8


def test_ctrl_c_between_several_loses_nothing_that_was_done(cli, seeded, monkeypatch):
    ids = [work.id for work in seeded.workloads()[:3]]

    def cancel(client, workload_id):
        if workload_id == ids[1]:
            raise KeyboardInterrupt
        return client.get_workload(workload_id)

    monkeypatch.setattr(ChamberClient, "cancel_workload", cancel)
    done = cli("workloads", "cancel", *ids, "-o", "json", chamber=seeded)
    assert [row["id"] for row in json.loads(done.stdout)] == ids[:1]
    assert (done.exit_code, done.stderr) == (130, f"Interrupted; not known to be done: {ids[1]}, {ids[2]}\n")


@pytest.mark.parametrize("does", ["get", "wait", "watch"])
def test_what_there_is_of_several_is_shown_beside_what_there_is_not(cli, seeded, does):
    ids = [work.id for work in seeded.workloads()[:2]]
    done = cli("workloads", does, ids[0], "wl_unknown", ids[1], "-o", "jsonl", chamber=seeded)
    assert sorted(json.loads(line)["id"] for line in done.stdout.splitlines()) == sorted(ids)
    assert (done.exit_code, done.stderr.count("\n")) == (4, 1)
    assert done.stderr.startswith("Error: wl_unknown: The API answered 404: ")
    assert cli("workloads", does, "wl_unknown").stderr.startswith("Error: The API answered 404: ")


def test_watching_into_a_pipe_writes_a_row_for_each_change(cli, live, job):
    work = job("true")
    done = cli("workloads", "watch", work.id, "--interval", "0.05", "-o", "jsonl", chamber=live)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.exit_code == 0
    assert [row["status"] for row in rows][-1] == "COMPLETED"
    assert len({row["status"] for row in rows}) == len(rows)


def test_a_workload_is_explained(cli, told, live, job):
    work = job("echo out of luck; exit 3", name="unlucky")
    cli("workloads", "wait", work.id, "--poll-interval", "0.05", chamber=live)
    lines = cli("workloads", "explain", work.id).stdout.splitlines()
    assert lines[0].startswith("FAILED (")
    assert told("workloads", "explain", work.id)["workload_id"] == work.id


def test_the_output_of_a_workload_is_printed(cli, live, job):
    work = job("printf '\\033[1mone\\033[0m\\n'; echo two; echo three")
    done = cli("logs", "-f", work.id, chamber=live)
    assert (done.exit_code, done.stdout) == (0, "\x1b[1mone\x1b[0m\ntwo\nthree\n")
    assert cli("logs", work.id, "--tail", "2").stdout == "two\nthree\n"
    assert [json.loads(line)["text"] for line in cli("logs", work.id, "-o", "jsonl").stdout.splitlines()][1:] == [
        "two",
        "three",
    ]
    assert cli("logs", "wl_unknown").exit_code == 4
