"""`run()` and the functions beside it, carried out for real."""

import subprocess

import pytest

from chamber.core.errors import ConfigurationError, DockerError
from chamber.local import LocalChamber
from chamber.run.targets import Registry
from chamber_sdk import ChamberClient, DryRunResult, JobStatus, Workload
from chamber_sdk import run as running
from chamber_sdk.run import docker, dockerfile, manifest, project_config
from chamber_sdk.run.hash import compute_project_hash


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "train.py").write_text("print('trained')\n")
    return folder


@pytest.fixture
def chamber(tmp_path):
    with LocalChamber(data_dir=tmp_path / "chamber") as started:
        yield started


@pytest.fixture
def client(chamber):
    with ChamberClient(chamber.token, chamber.api_url, chamber.organization_id, timeout=60) as made:
        yield made


def test_a_project_is_run_to_its_end(client, chamber, project):
    told = []
    job = client.run(
        str(project),
        team=chamber.team,
        wait=True,
        poll_interval=0.05,
        on_progress=lambda stage, message: told.append(stage),
    )
    assert (type(job), job.status) == (Workload, JobStatus.COMPLETED)
    assert chamber.logs(job.id) == "trained\n"
    assert list(dict.fromkeys(told)) == [
        "config",
        "detect",
        "dockerfile",
        "manifest",
        "docker",
        "upload",
        "submit",
        "wait",
    ]


def test_a_timeout_of_the_client_ends_no_run(chamber, project):
    impatient = ChamberClient(chamber.token, chamber.api_url, chamber.organization_id, timeout=0.001)
    job = impatient.run(str(project), team=chamber.team, wait=True, poll_interval=0.05)
    assert job.status == JobStatus.COMPLETED


def test_a_module_level_run_takes_its_client_by_name(client, chamber, project):
    job = running.run(str(project), team=chamber.team, client=client)
    assert client.get_workload(job.id).name == "project"
    assert isinstance(running.run(str(project), dry_run=True), DryRunResult)
    with pytest.raises(ConfigurationError, match="pass client="):
        running.run(str(project))


def test_a_plan_does_not_show_the_values_of_variables(client, project):
    (project / ".chamber.yaml").write_text("env: {FROM_FILE: kept-to-itself}\n")
    plan = client.run(str(project), env={"API_TOKEN": "kept-to-itself"}, dry_run=True)
    assert "kept-to-itself" in plan.manifest
    assert "kept-to-itself" not in repr(plan)


def test_the_files_of_a_plan_are_made_of_a_profile(project):
    (project / "requirements.txt").write_text("torch\n")
    profile = running.detect_project(str(project))
    text = dockerfile.generate_dockerfile(profile, "docker.io/library/python:3.11", extra_pip_packages=["wandb"])
    assert text.startswith("FROM docker.io/library/python:3.11")
    assert "wandb" in text
    assert "*.ckpt" in dockerfile.generate_dockerignore(profile, ["*.ckpt"])
    made = manifest.generate_manifest(profile, "ghcr.io/ml/app:1", "mine", gpus=2, env={"A": "b"}, cpu_override="3")
    assert 'image: "ghcr.io/ml/app:1"' in made
    assert "--nproc-per-node=2" in made
    assert 'cpu: "3"' in made


def test_the_hash_of_a_project_is_of_what_goes_into_its_image(project):
    before = compute_project_hash(project)
    (project / "notes.txt").write_text("x")
    assert len(before) == 12
    assert compute_project_hash(project, {"notes.txt"}) == before
    assert compute_project_hash(project) != before


def test_the_size_of_a_context_is_that_of_what_goes_into_the_image(project):
    before = running.compute_context_size(project)
    (project / ".git").mkdir()
    (project / ".git" / "pack").write_text("x" * 1000)
    assert running.compute_context_size(project) == before == len("print('trained')\n")
    assert running.compute_context_size(project / "nowhere") == 0


def test_the_settings_of_a_project_are_read(project, monkeypatch):
    monkeypatch.setenv("WANDB", "w")
    assert project_config.load_chamber_config(project) is None
    (project / ".chamber.yaml").write_text("gpus: 2\n")
    assert project_config.load_chamber_config(project) == {"gpus": 2}
    assert project_config.resolve_env_vars({"A": "a"}, ["WANDB", "NOT_SET"]) == {"A": "a", "WANDB": "w"}


@pytest.mark.parametrize(
    ("registry", "is_ecr", "is_gar", "facts"),
    [
        ("123456789012.dkr.ecr.us-east-1.amazonaws.com/app", True, False, ("us-east-1", None, None)),
        ("us-central1-docker.pkg.dev/project/images", False, True, (None, "us-central1", "project")),
        ("ghcr.io/team", False, False, (None, None, None)),
    ],
)
def test_registries_of_clouds_are_known(registry, is_ecr, is_gar, facts):
    assert (running.is_ecr_registry(registry), running.is_gar_registry(registry)) == (is_ecr, is_gar)
    told = docker.extract_ecr_region(registry), docker.extract_gar_location(registry)
    assert (*told, docker.extract_gar_project(registry)) == facts


def test_a_registry_of_no_cloud_needs_nothing_to_be_ensured():
    running.ensure_ecr_auth("ghcr.io/team")
    running.ensure_gar_auth("ghcr.io/team")
    running.ensure_ecr_repository("ghcr.io/team/app:1")
    running.ensure_gar_repository("ghcr.io/team/app:1")


def test_a_login_and_a_repository_of_a_cloud_are_ensured(monkeypatch):
    made, told = [], []
    known = Registry("us-docker.pkg.dev/p/r/app", login=lambda: ("user", "secret"), create_repository=made.append)
    monkeypatch.setattr(docker, "_registry", lambda image: known)
    running.ensure_gar_auth("us-docker.pkg.dev/p/r/app", told.append)
    running.ensure_gar_repository("us-docker.pkg.dev/p/r/app:1", told.append)
    assert made == ["p/r/app"]
    assert "secret" not in " ".join(told)


def test_a_login_that_is_not_found_is_told(monkeypatch):
    known = Registry("123456789012.dkr.ecr.us-east-1.amazonaws.com/app", login=lambda: None)
    monkeypatch.setattr(docker, "_registry", lambda image: known)
    with pytest.raises(DockerError, match="No login for 123456789012"):
        running.ensure_ecr_auth(known.prefix)


def test_what_is_no_image_or_no_folder_is_a_docker_error(project):
    with pytest.raises(DockerError, match="no registry in it"):
        running.build_and_push_image(project, "app:1", "FROM scratch\n", "")
    with pytest.raises(DockerError, match="no folder"):
        running.build_and_push_image(project / "nowhere", "ghcr.io/team/app:1", "FROM scratch\n", "")
    assert not docker.image_exists_remote("localhost:1/app:1")
    assert not running.create_image_tag("localhost:1/app:1", "localhost:1/app:2")


@pytest.mark.engine
def test_an_image_is_built_pushed_tagged_and_pulled(chamber, project, docker_answers):
    (project / "left.log").write_text("x")
    before = {path: path.read_bytes() for path in project.rglob("*")}
    image, told = f"{chamber.registry}/app:1", []
    try:
        docker.check_docker_available()
        running.build_and_push_image(project, image, "FROM scratch\nCOPY . /app\n", "*.log\n", on_progress=told.append)
        assert docker.image_exists_remote(image)
        assert running.create_image_tag(image, running.latest_tag(image))
        assert running.create_image_tag(image, f"{chamber.registry}/other:2")
        assert docker.image_exists_remote(f"{chamber.registry}/other:2")
        assert not docker.image_exists_remote(f"{chamber.registry}/app:3")
        assert running.pull_image_for_cache(f"{chamber.registry}/app:latest", told.append)
        assert not running.pull_image_for_cache(f"{chamber.registry}/app:3")
        docker.build_image(project, f"{chamber.registry}/app:3", "FROM scratch\nCOPY train.py /\n", "")
        docker.push_image(f"{chamber.registry}/app:3")
        assert docker.image_exists_remote(f"{chamber.registry}/app:3")
    finally:
        _remove(chamber.registry)
    assert told
    assert {path: path.read_bytes() for path in project.rglob("*")} == before


def _remove(registry):
    listed = subprocess.run(
        ["docker", "images", "--format", "{{.Repository}}:{{.Tag}}"], capture_output=True, text=True, check=True
    )
    mine = [image for image in listed.stdout.split() if image.startswith(f"{registry}/")]
    subprocess.run(["docker", "rmi", *mine], capture_output=True, check=False)
