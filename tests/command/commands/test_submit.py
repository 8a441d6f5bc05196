"""Jobs by options, by a manifest, by a template."""

import json

import pytest
import yaml

from chamber.core import ChamberClient


@pytest.fixture
def manifest(live, tmp_path):
    """A file with a Job that prints a line, behind a Service."""
    with live.client() as client:
        job = yaml.safe_load(client.get_template("tmpl_hello").k8s_manifest)
    job["metadata"] = {"name": "from-a-file", "labels": {"chamber.io/team": live.team}}
    file = tmp_path / "job.yaml"
    file.write_text(yaml.safe_dump(job))
    return file


def test_a_job_is_submitted_by_its_options(told, simulated):
    job = "--name by-hand --gpu-type H100 --gpus 2 --class elastic --priority 7"
    words = f"{job} --external-id mine-1 --tag a=b --metadata c=d=e --team {simulated.team}"
    work = told("submit", *words.split(), chamber=simulated)
    assert (work["name"], work["requested_gpus"], work["job_class"], work["priority"]) == ("by-hand", 2, "ELASTIC", 7)
    found = told("workloads", "get", work["id"])
    assert (found["external_id"], found["tags"], found["metadata"]) == ("mine-1", {"a": "b"}, {"c": "d=e"})


def test_a_manifest_says_what_it_is_called_and_whose_it_is(cli, live, manifest):
    done = cli(
        "submit", "-f", manifest, "--gpu-type", "H100", "--gpus", "1", "--wait", "--poll-interval", "0.05", chamber=live
    )
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("hello from")
    assert "from-a-file is COMPLETED" in done.stderr


def test_a_manifest_comes_from_standard_input(told, live, manifest):
    work = told("submit", "-f", "-", "--gpu-type", "H100", "--name", "piped", chamber=live, input=manifest.read_text())
    assert (work["name"], work["initiative_id"]) == ("piped", live.team)


@pytest.mark.parametrize(
    ("text", "said"), [("a: [", "is no YAML"), ("", "no Kubernetes object"), ("- 1", "no Kubernetes object")]
)
def test_what_is_no_manifest_is_refused(cli, live, text, said):
    done = cli("submit", "-f", "-", "--gpu-type", "H100", chamber=live, input=text)
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert said in done.stderr


def test_a_file_that_is_not_there_is_told(cli, live):
    done = cli("submit", "-f", "nothing.yaml", chamber=live)
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert "nothing.yaml" in done.stderr


def test_a_template_says_what_is_not_said(cli, live):
    words = (
        "submit",
        "--template",
        "tmpl_hello",
        "--team",
        live.team,
        "--name",
        "mine",
        "--wait",
        "--poll-interval",
        "0.05",
    )
    done = cli(*words, "-o", "json", chamber=live)
    work = json.loads(done.stdout)
    assert (done.exit_code, work["name"], work["gpu_type"], work["status"]) == (0, "mine", "H100", "COMPLETED")
    assert "hello from" in done.stderr


def test_a_submission_that_is_quiet_writes_its_id_alone(cli, simulated):
    words = ("--name", "x", "--gpu-type", "H100", "--team", simulated.team, "-q")
    assert cli("submit", *words, chamber=simulated).stdout == f"{simulated.workloads()[0].id}\n"


def test_what_a_job_needs_is_named(cli, live):
    done = cli("submit", "--name", "x", chamber=live)
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert "--team, --gpu-type" in done.stderr


def test_what_is_not_said_is_asked_for(cli, simulated):
    done = cli("submit", "-i", "--name", "asked", chamber=simulated, input=f"{simulated.team}\n\n4\n\n")
    assert done.exit_code == 0, done.output
    with ChamberClient(simulated.token, simulated.api_url) as client:
        (work,) = client.search_workloads(query="asked")
    assert (work.gpu_type, work.requested_gpus, work.job_class) == ("H100", 4, "RESERVED")


def test_a_budget_that_does_not_suffice_is_told(cli, simulated):
    words = ["submit", "--name", "big", "--gpu-type", "H100", "--gpus", "1", "--max-gpu-hours", "1e9"]
    done = cli(*words, "--team", simulated.team, chamber=simulated)
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert "`chamber capacity`" in done.stderr
