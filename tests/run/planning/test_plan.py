import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest
import yaml

from chamber.core import AsyncChamberClient, ChamberClient
from chamber.core.errors import ConfigurationError, DockerError, PluginError
from chamber.core.hooks import hookimpl
from chamber.core.testing import registered
from chamber.run import BaseImage, DryRunResult, Profile, Registry
from chamber.run.settings.configuration import RunSettings

REGISTRY = "localhost:5000/team"


def _project(directory: Path, **files: str) -> Path:
    for name, text in {"train.py": "print(1)\n", **files}.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text)
    return directory


def _plan(directory: Path, **arguments: Any) -> DryRunResult:
    with ChamberClient(token="ch.test") as client:
        options: dict[str, Any] = {"team": "ml", "registry": REGISTRY, **arguments}
        return client.plan(directory, **options)


def _refused(directory: Path, **arguments: Any) -> str:
    options: dict[str, Any] = {"team": "ml", "registry": REGISTRY, **arguments}
    with ChamberClient(token="ch.test") as client, pytest.raises((ConfigurationError, DockerError)) as refused:
        client.run(directory, **options)
    return str(refused.value)


def _names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def _container(plan: DryRunResult) -> Any:
    return yaml.safe_load(plan.manifest)["spec"]["template"]["spec"]["containers"][0]


def test_a_plan_holds_everything(tmp_path: Path) -> None:
    plan = _plan(_project(tmp_path / "char-model"), gpus=2, entrypoint_args="--lr 0.1")
    assert (plan.profile.entrypoint, plan.profile.framework) == ("train.py", "generic")
    assert [(file.path, file.size, file.mode) for file in plan.files] == [("train.py", 9, 0o644)]
    assert plan.dockerfile.endswith('CMD ["python","train.py","--lr","0.1"]\n')
    assert plan.image == f"{REGISTRY}/char-model:{plan.image_tag}"
    assert _container(plan)["image"] == plan.image
    assert _container(plan)["command"] == ["python", "train.py", "--lr", "0.1"]
    assert plan.submit_payload == {
        "name": "char-model",
        "initiative_id": "ml",
        "gpu_type": "H100",
        "requested_gpus": 2,
        "requested_pods": 1,
        "gpus_per_pod": 2,
        "scaling_mode": "GANG",
        "job_class": "ELASTIC",
        "k8s_manifest": plan.manifest,
    }
    assert plan.sources["gpus"] == "argument"
    assert plan.warnings == ()


def test_a_dry_run_is_the_plan(tmp_path: Path) -> None:
    with ChamberClient(token="ch.test") as client:
        result = client.run(_project(tmp_path), dry_run=True)
    assert isinstance(result, DryRunResult)
    assert any("needs a team" in warning for warning in result.warnings)
    assert any("needs a registry" in warning for warning in result.warnings)
    assert "initiative_id" not in result.submit_payload


def test_positional_arguments_come_in_the_order_of_the_reference(tmp_path: Path) -> None:
    with ChamberClient(token="ch.test") as client:
        plan = client.plan(
            _project(tmp_path, **{"fit.py": ""}),
            4,
            "A100",
            "ml",
            "n",
            "fit.py",
            "--x",
            REGISTRY,
            "ghcr.io/a/b:1",
            None,
            "none",
            "RESERVED",
            {"A": "1"},
        )
    settings = plan.settings
    assert (settings.gpus, settings.gpu_type, settings.team, settings.name) == (4, "A100", "ml", "n")
    assert (settings.entrypoint, settings.entrypoint_args, settings.registry) == ("fit.py", ("--x",), REGISTRY)
    assert (settings.base_image, settings.distributed, settings.job_class) == ("ghcr.io/a/b:1", "none", "RESERVED")
    assert settings.env == {"A": "1"}


async def test_the_async_client_plans_too(tmp_path: Path) -> None:
    async with AsyncChamberClient(token="ch.test") as client:
        plan = await client.plan(_project(tmp_path), team="ml", registry=REGISTRY)
    assert plan.profile.entrypoint == "train.py"


def test_an_explicit_default_beats_the_file(tmp_path: Path) -> None:
    _project(tmp_path, **{".chamber.yaml": "gpus: 4\ngpu_type: A100\njob_class: RESERVED\n"})
    assert _plan(tmp_path).settings.gpus == 4
    plan = _plan(tmp_path, gpus=1, gpu_type="H100", job_class="ELASTIC")
    assert (plan.settings.gpus, plan.settings.gpu_type, plan.settings.job_class) == (1, "H100", "ELASTIC")


def test_what_goes_into_the_manifest_does_not_change_the_image(tmp_path: Path) -> None:
    _project(tmp_path)
    first = _plan(tmp_path)
    second = _plan(
        tmp_path, gpus=4, gpu_type="A100", env={"A": "1"}, entrypoint_args="--lr 1", name=first.settings.name
    )
    assert second.image_tag == first.image_tag
    assert second.environment_key == first.environment_key


def test_the_image_changes_with_a_file_and_with_the_environment(tmp_path: Path) -> None:
    tags = {_plan(_project(tmp_path)).image_tag}
    tags.add(_plan(_project(tmp_path, **{"train.py": "print(2)\n"})).image_tag)
    tags.add(_plan(tmp_path, base_image="ghcr.io/a/b:1").image_tag)
    tags.add(_plan(_project(tmp_path, **{"requirements.txt": "six\n"})).image_tag)
    assert len(tags) == 4


def test_two_plans_have_two_job_names(tmp_path: Path) -> None:
    _project(tmp_path)
    assert _plan(tmp_path).job_name != _plan(tmp_path).job_name


def test_secrets_are_in_the_manifest_and_nowhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORWARDED", "hidden-1")
    _project(tmp_path, **{".chamber.yaml": "forward_env: [FORWARDED]\n"})
    plan = _plan(tmp_path, env={"WANDB_API_KEY": "hidden-2"})
    assert "hidden-1" in plan.manifest
    assert "hidden-2" in plan.manifest
    shown = [repr(plan), str(plan), plan.summary(), plan.shown_manifest, plan.dockerfile, repr(plan.settings)]
    assert not any("hidden" in text for text in shown)
    assert any("FORWARDED, WANDB_API_KEY" in warning for warning in plan.warnings)


def test_a_file_that_looks_secret_goes_along_only_when_it_is_named(tmp_path: Path) -> None:
    files = {"keys/demo.pem": "-----BEGIN PRIVATE KEY-----\nMIIEvQ\n", "notes.txt": "nothing\n"}
    project = _project(tmp_path, **files)
    assert "keys/demo.pem" not in {file.path for file in _plan(project).files}
    (project / ".chamber.yaml").write_text("include: [keys/demo.pem]\n")
    plan = _plan(project)
    assert "keys/demo.pem" in {file.path for file in plan.files}
    assert plan.dockerignore.endswith("\n!keys/demo.pem\n")
    assert any("keys/demo.pem goes into the image" in warning for warning in plan.warnings)


def test_the_summary_tells_what_will_be_done(tmp_path: Path) -> None:
    _project(tmp_path / "p", **{"requirements.txt": "torch\n"})
    summary = _plan(tmp_path / "p", gpus=4, gpu_type="X1").summary()
    for part in (
        "p: 4 x X1",
        "torch.distributed.run",
        "nvcr.io/nvidia/pytorch",
        "requirements.txt",
        "2 files",
        "X1 is",
    ):
        assert part in summary


def test_the_progress_comes_in_order_and_in_the_thread_of_the_caller(tmp_path: Path) -> None:
    told: list[tuple[str, int]] = []
    _plan(_project(tmp_path), on_progress=lambda stage, _: told.append((stage, threading.get_ident())))
    assert told == [(stage, threading.get_ident()) for stage in ("config", "detect", "dockerfile", "manifest")]


def test_an_error_of_the_callers_function_reaches_the_caller(tmp_path: Path) -> None:
    def fail(stage: str, message: str) -> None:
        raise KeyError(stage)

    with pytest.raises(KeyError, match="config"):
        _plan(_project(tmp_path), on_progress=fail)


def test_nothing_is_written_into_the_project_unless_asked(tmp_path: Path) -> None:
    _project(tmp_path)
    _plan(tmp_path)
    assert _names(tmp_path) == ["train.py"]


def test_dockerfile_and_manifest_are_saved_when_asked(tmp_path: Path) -> None:
    plan = _plan(_project(tmp_path), env={"API_KEY": "hidden"}, save_dockerfile=True, save_manifest=True)
    assert (tmp_path / "Dockerfile.chamber").read_text() == plan.dockerfile
    manifest = tmp_path / "manifest.chamber.yaml"
    assert yaml.safe_load(manifest.read_text())["metadata"]["name"] == plan.job_name
    assert "hidden" not in manifest.read_text()
    assert manifest.stat().st_mode & 0o777 == 0o600
    assert _plan(tmp_path).image_tag == plan.image_tag


def test_what_is_saved_needs_a_place(tmp_path: Path) -> None:
    (_project(tmp_path) / "Dockerfile.chamber").mkdir()
    with pytest.raises(ConfigurationError, match=r"Dockerfile\.chamber cannot be written"):
        _plan(tmp_path, save_dockerfile=True)
    assert _names(tmp_path) == ["Dockerfile.chamber", "train.py"]


def test_a_missing_directory_is_a_file_not_found_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere does not exist"):
        _plan(tmp_path / "nowhere")
    (tmp_path / "file").write_text("")
    with pytest.raises(FileNotFoundError, match="is not a directory"):
        _plan(tmp_path / "file")


def test_a_project_without_an_entrypoint_is_a_file_not_found_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="entrypoint"):
        _plan(tmp_path)


def test_a_run_without_a_team_or_a_registry_is_a_value_error(tmp_path: Path) -> None:
    assert "needs a team" in _refused(_project(tmp_path), team=None)
    assert "needs a registry" in _refused(tmp_path, registry=None)


def test_an_unknown_registry_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    ChamberClient.add_registry("prod", "ghcr.io/us")
    message = _refused(_project(tmp_path), registry="prd", save_dockerfile=True)
    assert "did you mean 'prod'?" in message
    assert _names(tmp_path) == ["train.py"]


def test_the_default_registry_is_used(tmp_path: Path) -> None:
    ChamberClient.add_registry("prod", "ghcr.io/us", set_default=True)
    plan = _plan(_project(tmp_path), registry=None)
    assert plan.registry == "ghcr.io/us"
    assert plan.sources["registry"] == "~/.chamber/config.json"


def test_a_default_that_is_gone_matters_only_where_it_is_used(tmp_path: Path, own_settings: Path) -> None:
    own_settings.mkdir()
    (own_settings / "config.json").write_text('{"default_registry": "gone"}')
    assert _plan(_project(tmp_path)).registry == REGISTRY
    assert "no registry 'gone'" in _refused(tmp_path, registry=None)


def test_ignored_dependencies_on_a_base_that_has_them_need_none(tmp_path: Path) -> None:
    _project(tmp_path, **{"requirements.txt": "six", ".chamber.yaml": "ignore: [requirements.txt]"})
    plan = _plan(tmp_path, base_image="ghcr.io/us/with-six:1")
    assert plan.environment.is_base_alone


def test_a_dockerfile_of_the_project_makes_the_image_and_settings_that_do_nothing_then_are_told(tmp_path: Path) -> None:
    _project(tmp_path, **{"Dockerfile": "FROM scratch\n", ".chamber.yaml": "extra_pip_packages: [six]\nignore: [x]\n"})
    plan = _plan(tmp_path, base_image="ghcr.io/us/base:1")
    assert plan.dockerfile == "FROM scratch\n"
    assert plan.own_dockerfile == "Dockerfile"
    assert "base_image, extra_pip_packages do nothing: Dockerfile says what is in the image" in plan.warnings


def test_the_image_is_another_when_the_dockerfile_or_the_platform_is(tmp_path: Path) -> None:
    _project(tmp_path, **{"Other": "FROM scratch\n", ".dockerignore": "Other"})
    tags = [_plan(tmp_path, dockerfile="Other", platform=f"linux/{name}").image_tag for name in ("amd64", "arm64")]
    (tmp_path / "Other").write_text("FROM scratch\nENV A=1\n")
    tags.append(_plan(tmp_path, dockerfile="Other").image_tag)
    assert len(set(tags)) == 3


def test_a_dockerfile_that_says_what_is_run_needs_no_entrypoint(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text('FROM a.test/b:1\nENTRYPOINT ["./start"]\n')
    plan = _plan(tmp_path, gpus=4, entrypoint_args="--lr 1")
    assert (plan.profile.entrypoint, plan.profile.launcher) == ("Dockerfile", "python")
    assert _container(plan)["args"] == ["--lr", "1"]
    assert not {"command", "workingDir"} & _container(plan).keys()
    assert any("entrypoint= starts one for each GPU" in warning for warning in plan.warnings)


def test_an_entrypoint_that_was_named_is_started_although_a_dockerfile_says_what_is_run(tmp_path: Path) -> None:
    _project(tmp_path, Dockerfile="FROM a.test/b:1\nCMD ./start\n")
    container = _container(_plan(tmp_path, entrypoint="train.py"))
    assert container["command"] == ["python", "train.py"]
    assert "workingDir" not in container


def test_a_dockerfile_that_says_nothing_leaves_the_start_to_detection(tmp_path: Path) -> None:
    plan = _plan(_project(tmp_path, Dockerfile="FROM a.test/b:1\n"))
    assert _container(plan)["command"] == ["python", "train.py"]


def test_a_dockerfile_that_was_asked_for_must_be_there(tmp_path: Path) -> None:
    assert "no Dockerfile 'Other'" in _refused(_project(tmp_path), dockerfile="Other")


def test_more_gpus_than_a_node_has_go_on_several(tmp_path: Path) -> None:
    plan = _plan(_project(tmp_path, **{"requirements.txt": "torch"}), gpus=16, env={"MASTER_PORT": "2222"})
    service, job = yaml.safe_load_all(plan.manifest)
    assert (service["kind"], job["spec"]["completions"]) == ("Service", 2)
    assert {"requested_gpus": 16, "requested_pods": 2, "gpus_per_pod": 8}.items() <= plan.submit_payload.items()
    assert plan.submit_payload["distribution_mode"] == "auto"
    variables = job["spec"]["template"]["spec"]["containers"][0]["env"]
    assert {"name": "MASTER_PORT", "value": "2222"} in variables


def test_gpus_that_cannot_be_shared_evenly_are_refused(tmp_path: Path) -> None:
    assert "ask for 8 or 10, or set nodes=3" in _refused(_project(tmp_path), gpus=9)
    assert "nodes=2 of gpus_per_node=4 have 8 GPUs" in _refused(_project(tmp_path), gpus=9, nodes=2, gpus_per_node=4)


def test_nodes_alone_are_whole_ones(tmp_path: Path) -> None:
    plan = _plan(_project(tmp_path), nodes=2, gpu_type="GB200")
    assert (plan.topology.nodes, plan.topology.gpus_per_node, plan.settings.gpus) == (2, 4, 8)


def test_a_ray_project_becomes_a_rayjob_unless_it_is_told_otherwise(tmp_path: Path) -> None:
    _project(tmp_path, **{"requirements.txt": "ray[train]"})
    plan = _plan(tmp_path, gpus=16, secrets={"HF_TOKEN": "hf/token"})
    (manifest,) = yaml.safe_load_all(plan.manifest)
    assert manifest["kind"] == "RayJob"
    assert manifest["spec"]["entrypoint"] == "python train.py"
    assert any("needs KubeRay" in warning for warning in plan.warnings)
    assert yaml.safe_load(_plan(tmp_path, gpus=8, distributed="none").manifest)["kind"] == "Job"


def test_a_commit_is_noted_where_nothing_was_changed_since(tmp_path: Path) -> None:
    git = ("git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b.example")
    _project(tmp_path)
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-qm", "one"], check=True)
    commit = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    assert yaml.safe_load(_plan(tmp_path).manifest)["metadata"]["annotations"]["chamber.io/git-commit"] == commit
    (tmp_path / "train.py").write_text("changed")
    assert "git-commit" not in _plan(tmp_path).manifest


def test_a_base_image_without_a_host_is_refused(tmp_path: Path) -> None:
    assert "docker.io/library/python" in _refused(_project(tmp_path), base_image="python:3.12")


def test_keys_in_the_project_stop_it(tmp_path: Path) -> None:
    message = _refused(_project(tmp_path, **{"notes.txt": "AKIA" + "ABCDEFGHIJKLMNOP"}))
    assert message.startswith("notes.txt seems to hold")


def test_bad_numbers_are_refused_before_anything_is_done(tmp_path: Path) -> None:
    with ChamberClient(token="ch.test") as client:
        with pytest.raises(ValueError, match="poll_interval"):
            client.run(tmp_path / "nowhere", poll_interval=-1)
        with pytest.raises(ValueError, match="timeout"):
            client.run(tmp_path / "nowhere", timeout=float("nan"))


def test_cpu_memory_and_shared_memory_follow_the_gpus_unless_they_are_set(tmp_path: Path) -> None:
    _project(tmp_path, **{".chamber.yaml": "cpu: 4\nmemory: 8Gi\nshm_size: 1Gi\n"})
    assert _container(_plan(tmp_path))["resources"]["requests"] == {"cpu": "4", "memory": "8Gi"}
    (tmp_path / ".chamber.yaml").unlink()
    one, four = (_container(_plan(tmp_path, gpus=gpus))["resources"]["requests"]["cpu"] for gpus in (1, 4))
    assert int(four) == 4 * int(one)


def test_a_package_in_src_is_started_from_there(tmp_path: Path) -> None:
    (tmp_path / "src/pkg").mkdir(parents=True)
    (tmp_path / "src/pkg/__main__.py").write_text("")
    plan = _plan(tmp_path, env={"PYTHONPATH": "lib"})
    assert plan.command == ("python", "-m", "pkg")
    assert {"name": "PYTHONPATH", "value": "/app/src:lib"} in _container(plan)["env"]


class _Recipes:
    @hookimpl
    def chamber_run_registry(self, registry: str | None, api_url: str) -> Registry | None:
        return Registry("127.0.0.1:5001", "me", "hidden") if registry is None else None

    @hookimpl
    def chamber_run_base_image(self, registry: str, framework: str, python_version: str | None) -> BaseImage | None:
        return BaseImage("chamber.local/python:latest", recipe=True) if registry == "127.0.0.1:5001" else None


def test_chamber_run_registry_offers_a_default_and_knows_the_login(tmp_path: Path) -> None:
    with registered(_Recipes()):
        plan = _plan(_project(tmp_path), registry=None)
    assert plan.registry == "127.0.0.1:5001"
    assert plan.sources["registry"] == "plugin"
    assert "hidden" not in repr(plan)


def test_chamber_run_base_image_chooses_the_base_and_recipes_need_no_engine(tmp_path: Path) -> None:
    _project(tmp_path, Dockerfile="FROM scratch", **{"requirements.txt": "six"})
    (tmp_path / ".chamber.yaml").write_text("extra_apt_packages: [git]\npython_version: 3.11\n")
    with registered(_Recipes()):
        plan = _plan(tmp_path, registry=None)
    assert plan.base_image.recipe
    assert plan.dockerfile.startswith("FROM chamber.local/python:latest\n")
    assert plan.environment.requires_python == "==3.11.*"
    assert any("git is left out" in warning for warning in plan.warnings)
    assert any("Dockerfile is left aside" in warning for warning in plan.warnings)


def test_a_base_image_that_was_asked_for_beats_the_plugin(tmp_path: Path) -> None:
    with registered(_Recipes()):
        plan = _plan(_project(tmp_path), registry=None, base_image="ghcr.io/a/b:1")
    assert plan.base_image == BaseImage("ghcr.io/a/b:1")


class _Notebooks:
    @hookimpl
    def chamber_run_detect(self, directory: Path) -> Profile | None:
        return Profile(entrypoint="-m acme", framework="jax", requirements_file="acme.txt")


def test_chamber_run_detect_says_what_a_project_is(tmp_path: Path) -> None:
    with registered(_Notebooks()):
        plan = _plan(_project(tmp_path, **{"acme.txt": "six\n"}))
    assert plan.command == ("python", "-m", "acme")
    assert plan.profile.framework == "jax"
    assert plan.environment.requirements_file == "acme.txt"


class _Priorities:
    @hookimpl
    def chamber_run_manifest(self, manifest: dict[str, Any], profile: Profile, settings: RunSettings) -> None:
        manifest["spec"]["template"]["spec"]["priorityClassName"] = f"acme-{settings.job_class.lower()}"


def test_chamber_run_manifest_changes_the_manifest(tmp_path: Path) -> None:
    with registered(_Priorities()):
        plan = _plan(_project(tmp_path))
    assert yaml.safe_load(plan.manifest)["spec"]["template"]["spec"]["priorityClassName"] == "acme-elastic"


class _Thief:
    @hookimpl
    def chamber_run_manifest(self, manifest: dict[str, Any]) -> None:
        manifest["spec"]["template"]["metadata"]["labels"].clear()


class _Broken:
    @hookimpl
    def chamber_run_detect(self) -> Profile | None:
        raise RuntimeError("out of order")


def test_a_plugin_that_breaks_the_rules_is_an_error_of_ours(tmp_path: Path) -> None:
    _project(tmp_path)
    with registered(_Thief()), pytest.raises(PluginError, match=r"chamber\.io/team"):
        _plan(tmp_path)
    with registered(_Broken()), pytest.raises(PluginError, match="chamber_run_detect: RuntimeError: out of order"):
        _plan(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "launcher", "why"),
    [
        ({}, "python", "one process is started on a node"),
        ({"gpus": 4}, "torchrun", "the project uses PyTorch, on 4 GPUs"),
        ({"gpus": 4, "launcher": "accelerate"}, "accelerate", "it was asked for"),
        ({"gpus": 4, "distributed": "none"}, "python", "distributed is none"),
    ],
)
def test_the_plan_tells_what_starts_the_processes_and_why(
    tmp_path: Path, arguments: dict[str, Any], launcher: str, why: str
) -> None:
    plan = _plan(_project(tmp_path, **{"requirements.txt": "torch"}), **arguments)
    assert f"launcher: {launcher}\n  {why}; launcher= changes it" in plan.profile.explain()
