"""Capacity, teams, templates, allocations; plugins and the doctor."""

import json

from chamber.local import LocalChamber


def test_capacity_is_shown_by_its_parts_and_as_a_whole(cli, told, seeded):
    whole = told("capacity", chamber=seeded)
    assert [pool["id"] for pool in whole["pools"]] == ["pool_h100"]
    lines = [line.split("\t") for line in cli("capacity").stdout.splitlines()]
    assert lines[0][:3] == ["kind", "id", "name"]
    assert {line[0] for line in lines[1:]} == {"organization", "pool", "team"}
    pool = next(line for line in lines if line[0] == "pool")
    assert pool[3:7] == ["H100", "8", str(pool and lines and pool[5]), pool[6]]
    assert [json.loads(line)["kind"] for line in cli("capacity", "-o", "jsonl").stdout.splitlines()] == [
        line[0] for line in lines[1:]
    ]


def test_teams_are_made_listed_and_shown_as_trees(cli, told):
    with LocalChamber(executor="simulated") as chamber:
        above = told("teams", "create", "Vision", "--description", "Eyes", chamber=chamber)
        below = told("teams", "create", "Labelling", "--parent", above["id"], "--tag", "cost=4711")
        assert below["tags"] == {"cost": "4711"}
        assert told("teams", "get", below["id"])["parent_id"] == above["id"]
        assert {above["id"], below["id"]} < {row["id"] for row in told("teams", "list")}
        lines = cli("teams", "list", "--tree").stdout.splitlines()
        assert lines[lines.index(f"Vision ({above['id']})") + 1] == f"  Labelling ({below['id']})"


def test_templates_and_allocations_are_read(cli, told, seeded):
    (hello,) = told("templates", "list", "--name", "hello", chamber=seeded)
    assert told("templates", "get", hello["id"]) == hello
    assert told("templates", "list", "--no-system", "--scope", "personal") == []
    assert cli("templates", "list", "--scope", "nothing").exit_code == 2
    for row in told("allocations", "list", "--team", seeded.team):
        assert told("allocations", "get", row["id"]) == row
    assert cli("allocations", "list").exit_code == 2


def test_an_allocation_is_made(told):
    pools = [{"name": "main", "gpu_type": "H100", "gpus": 8, "instance_type": "p5", "gpus_per_instance": 4}]
    with LocalChamber(executor="simulated") as chamber:
        words = ("allocations", "create", "--team", chamber.team, "--reservation", "res-1", "--instances", "2")
        made = told(*words, chamber=chamber)
        assert (made["reservation_id"], made["allocated_instances"]) == ("res-1", 2)
        assert made in told("allocations", "list", "--team", chamber.team)
    assert pools


def test_plugins_are_listed_with_what_they_add(told):
    found = {row["name"]: row for row in told("plugins")}
    assert {"admin", "command", "local", "metrics", "run"} <= set(found)
    assert "run" in found["run"]["adds"]
    assert found["metrics"]["state"] == "loaded"


def test_the_doctor_looks_at_all_the_rest_without_a_token(cli, seeded, monkeypatch):
    monkeypatch.setenv("CHAMBER_API_URL", seeded.api_url)
    done = cli("doctor", "-o", "json")
    found = {check["name"]: check for check in json.loads(done.stdout)}
    assert done.exit_code == 1
    assert found["api"]["state"] == "failed"
    assert "CHAMBER_TOKEN" in found["api"]["remedy"]
    assert {"clock", "registry", "engine", "disk"} <= set(found)


def test_the_doctor_says_what_it_found_and_whether_a_run_can_work(cli, seeded):
    done = cli("doctor", "-o", "json", chamber=seeded)
    checks = {check["name"]: check["state"] for check in json.loads(done.stdout)}
    assert checks["api"] == "ok"
    assert done.exit_code == (1 if "failed" in checks.values() else 0)
    assert cli("doctor").stdout.splitlines()[0] == "name\tstate\tfound\tremedy"


def test_a_doctor_that_finds_no_api_ends_with_1(cli, monkeypatch):
    monkeypatch.setenv("CHAMBER_TOKEN", "ch.none")
    done = cli("--api-url", "http://127.0.0.1:1", "doctor")
    assert done.exit_code == 1
    assert "\napi\tfailed\t" in f"\n{done.stdout}"
