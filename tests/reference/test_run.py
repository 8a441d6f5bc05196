"""Section "Auto-Containerize & Run", on a Chamber that takes images and does not run them."""

import pytest
import yaml
from covering import covers, fields, parameters

from chamber.core import ChamberClient, JobStatus, Workload
from chamber.local import records
from chamber.run import DryRunResult


@pytest.fixture
def known(chamber, own_settings):
    """This test's settings know the Chamber of the worker, as those of whoever started it do."""
    records.write(chamber.registry, chamber.token)


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "my-project"
    folder.mkdir()
    (folder / "train.py").write_text("print('trained')\n")
    return folder


@covers("run()", *parameters("run", "directory gpus gpu_type team registry"))
def test_a_project_is_put_into_an_image_and_submitted(client, chamber, known, project, team, asked):
    job = client.run(str(project), gpus=4, gpu_type="A100", team=team, registry=f"{chamber.registry}/mine")
    assert isinstance(job, Workload)
    assert (job.name, job.requested_gpus, job.gpu_type, job.initiative_id) == ("my-project", 4, "A100", team)
    (sent,) = asked("POST", "/workloads")
    container = yaml.safe_load(sent["k8s_manifest"])["spec"]["template"]["spec"]["containers"][0]
    assert container["image"].startswith(f"{chamber.registry}/mine/my-project@sha256:")
    assert container["command"] == ["python", "train.py"]


def test_a_registry_is_named_or_the_default(client, chamber, known, project, team, asked):
    ChamberClient.add_registry("prod", f"{chamber.registry}/prod", set_default=True)
    ChamberClient.add_registry("dev", f"{chamber.registry}/dev")
    client.run(project, team=team)
    client.run(project, team=team, registry="dev")
    images = [
        yaml.safe_load(sent["k8s_manifest"])["spec"]["template"]["spec"]["containers"][0]["image"]
        for sent in asked("POST", "/workloads")
    ]
    assert [image.split("/")[1] for image in images] == ["prod", "dev"]


@covers("run(dry_run)", *fields("DryRunResult", "dockerfile manifest"))
def test_a_dry_run_shows_what_would_be_done_and_does_nothing(client, known, project, asked):
    result = client.run(project, dry_run=True)
    assert isinstance(result, DryRunResult)
    assert 'CMD ["python","train.py"]' in result.dockerfile
    assert yaml.safe_load(result.manifest)["kind"] == "Job"
    assert asked("POST", "/workloads") == []


LAUNCHERS = {"auto": "torchrun", "ray": "ray", "deepspeed": "deepspeed", "none": "python", None: "torchrun"}


@covers("run(distributed)")
@pytest.mark.parametrize(("distributed", "launcher"), LAUNCHERS.items())
def test_how_it_is_distributed_is_chosen(client, known, project, distributed, launcher):
    (project / "requirements.txt").write_text("torch\n")
    planned = client.run(project, gpus=2, distributed=distributed, dry_run=True)
    assert planned.profile.launcher == launcher


@covers("run(wait)")
def test_it_is_waited_for_when_asked(client, known, project, team):
    assert client.run(project, team=team, wait=True, poll_interval=0.01).status is JobStatus.COMPLETED


@covers("run(on_progress)")
def test_progress_is_told_by_stage(client, known, project, team):
    told = []
    client.run(project, team=team, on_progress=lambda stage, message: told.append((stage, message)))
    stages = list(dict.fromkeys(stage for stage, _ in told))
    assert stages == ["config", "detect", "dockerfile", "manifest", "docker", "upload", "submit"]
    assert all(message for _, message in told)
