"""``chamber run``: planned, run, followed."""

import json

import pytest
import yaml

from chamber.local import LocalChamber

WORKS = "import sys; print('lr', sys.argv[1:]); print('trained', flush=True)"
FAILS = "print('about to fail', flush=True); raise SystemExit(3)"


def test_a_plan_is_shown_to_whoever_is_not_logged_in(cli, project):
    words = ("run", project(WORKS), "--registry", "localhost:5000/x", "--team", "ml", "--gpus", "4", "--dry-run")
    shown = cli(*words)
    assert shown.exit_code == 0, shown.output
    assert shown.stdout.startswith("project: 4 x H100, ELASTIC, for team ml\n")
    assert "kind: Job" in shown.stdout
    assert "(--entrypoint to change it)" in " ".join(shown.stdout.split())
    assert "entrypoint=" not in shown.stdout
    plan = json.loads(cli(*words, "-o", "json").stdout)
    assert plan["submit_payload"]["requested_gpus"] == 4
    again = yaml.safe_load(cli(*words, "-o", "yaml").stdout)
    assert (again.keys(), again["profile"]) == (plan.keys(), plan["profile"])


def test_what_a_run_lacks_is_told_as_what_is_typed(cli, project, own_settings):
    folder = project(WORKS)
    planned = " ".join(cli("run", folder, "--dry-run").stdout.split())
    told = "A run needs a team: pass --team, or write 'team: ...' in .chamber.yaml"
    assert told in planned
    assert "configure one with `chamber registries add --default NAME HOST/PATH`" in planned
    done = cli("run", folder, env={"CHAMBER_TOKEN": "ch.nobody"})
    assert (done.exit_code, done.stderr.splitlines()[-1]) == (2, f"Error: {told}")


def test_every_kind_of_option_reaches_the_plan(told, project):
    plan = told(
        "run", project(WORKS), "--registry", "localhost:5000/x", "--dry-run", "--name", "mine", "--class", "reserved",
        "--priority", "100", "--env", "A=1", "-e", "B=x=y", "--secret", "T=hf/token", "--pip", "numpy", "--pip", "tqdm",
        "--ignore", "*.bin", "--cpu", "8", "--memory", "64Gi", "--shm-size", "16Gi", "--nodes", "2", "--gpus", "4",
        "--python-version", "3.12", "--image-pull-secret", "pull", "--no-cache", "--", "--lr", "0.1",
    )  # fmt: skip
    said = {
        name: plan["settings"][name]
        for name, source in plan["sources"].items()
        if source == "argument" and name in plan["settings"]
    }
    assert said == {
        "name": "mine", "gpus": 4, "registry": "localhost:5000/x", "entrypoint_args": ["--lr", "0.1"],
        "job_class": "RESERVED", "env": said["env"], "extra_pip_packages": ["numpy", "tqdm"], "cpu": "8",
        "memory": "64Gi", "shm_size": "16Gi", "ignore": ["*.bin"], "priority": 100, "nodes": 2,
        "secrets": {"T": "hf/token"}, "image_pull_secrets": ["pull"], "python_version": "3.12",
    }  # fmt: skip
    assert (plan["settings"]["env"]["A"], plan["settings"]["env"]["B"]) == ("1", "x=y")


def test_the_arguments_of_the_script_stand_in_one_place(cli, project):
    done = cli("run", project(WORKS), "--entrypoint-args", "--lr 1", "--dry-run", "--", "--lr", "2")
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)


def test_a_value_that_is_secret_is_in_no_output(cli, project):
    words = ("run", project(WORKS), "--registry", "localhost:5000/x", "--dry-run", "--env", "API_TOKEN=hunter2hunter2")
    for output in ("table", "json", "yaml", "csv"):
        assert "hunter2" not in cli(*words, "-o", output).output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--env", "A"], "A has no value: write NAME=VALUE"),
        (["--env", "sesame-opens-4711"], "ses… has no value: write NAME=VALUE"),
        (["--gpus", "0"], "at least 1"),
        (["--gpus", "many"], "not a valid integer"),
        (["--framework", "cobol"], "'pytorch'"),
        (["--entrypoint", "nothing.py"], "nothing.py"),
    ],
)
def test_what_cannot_be_is_one_line(cli, project, words, said):
    done = cli("run", project(WORKS), "--registry", "localhost:5000/x", "--dry-run", *words)
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert said in done.stderr


def test_a_run_is_submitted_and_shown(told, live, project):
    work = told("run", project(WORKS), "--team", live.team, chamber=live)
    assert work["id"].startswith("wl_")
    assert told("workloads", "wait", work["id"], "--interval", "0.05")[0]["status"] == "COMPLETED"


def test_a_run_that_is_quiet_writes_its_id_alone(cli, live, project):
    done = cli("run", project(WORKS), "--team", live.team, "-q", chamber=live)
    assert done.stdout == f"{live.workloads()[0].id}\n"


def test_a_run_that_is_awaited_prints_the_output_of_the_job(cli, live, project):
    words = ("run", project(WORKS), "--team", live.team, "--wait", "--poll-interval", "0.05")
    done = cli(*words, chamber=live)
    assert (done.exit_code, done.stdout) == (0, "lr []\ntrained\n")
    assert "submit: submitted project as wl_" in done.stderr
    assert done.stderr.splitlines()[-1] == "project is COMPLETED"
    done = cli(*words, "-o", "json", "--", "--lr", "0.1")
    assert (done.exit_code, json.loads(done.stdout)["status"]) == (0, "COMPLETED")
    assert "lr ['--lr', '0.1']" in done.stderr


def test_a_job_that_fails_ends_with_its_own_code(cli, live, project):
    done = cli("run", project(FAILS), "--team", live.team, "--wait", "--poll-interval", "0.05", chamber=live)
    assert (done.exit_code, done.stdout) == (8, "about to fail\n")
    assert "project is FAILED: " in done.stderr


def test_a_job_that_takes_too_long_goes_on(cli, told, live, project):
    folder = project("import time; time.sleep(600)")
    done = cli("run", folder, "--team", live.team, "--wait", "--timeout", "0", "--name", "slow", chamber=live)
    assert done.exit_code == 7
    (work,) = told("workloads", "search", "slow", "--status", "pending,queued,starting,running")
    assert cli("workloads", "cancel", work["id"]).exit_code == 0


def test_a_folder_that_is_not_there_is_told(cli, live, tmp_path):
    done = cli("run", tmp_path / "nothing", "--team", live.team, chamber=live)
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)


def test_what_is_to_be_saved_is_written_into_the_project(cli, project):
    folder = project(WORKS)
    words = ("--registry", "localhost:5000/x", "--dry-run", "--save-dockerfile", "--save-manifest")
    assert cli("run", folder, *words).exit_code == 0
    assert {file.name for file in folder.iterdir()} >= {"Dockerfile.chamber", "manifest.chamber.yaml"}


@pytest.mark.engine
def test_a_build_that_fails_shows_its_output_and_one_line(cli, project, docker_answers):
    """What an engine writes is folded while it works, and told where it fails."""
    folder = project(WORKS)
    (folder / "Dockerfile").write_text("FROM localhost/chamber-tests/python:1\nRUN echo it is broken; exit 7\n")
    with LocalChamber(executor="container", container_gpus="count") as chamber:
        done = cli("run", folder, "--dockerfile", "Dockerfile", "--team", chamber.team, chamber=chamber)
    assert done.exit_code == 9
    lines = done.stderr.splitlines()
    assert "  it is broken" in lines
    assert lines[-1].startswith("Error: ")
    assert lines[-1].endswith("(exit code 7); `chamber doctor` looks for the cause")


def test_a_run_that_would_be_submitted_again_ends_as_its_job(cli, told, live, project):
    words = (
        "run",
        project(WORKS),
        "--team",
        live.team,
        "--wait",
        "--poll-interval",
        "0.05",
        "--on-preempted",
        "resubmit",
    )
    assert told(*words, chamber=live)["status"] == "COMPLETED"
    assert cli(*words, "--entrypoint", "nothing.py").exit_code == 2
