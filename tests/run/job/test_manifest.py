import shlex
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from chamber.core.errors import ConfigurationError
from chamber.run.job.launch import in_manifest
from chamber.run.job.manifest import Job, belongs_to, build, parsed, rendered, with_image, without_values
from chamber.run.job.names import job_name, label
from chamber.run.job.rendezvous import environment
from chamber.run.job.resources import TYPES
from chamber.run.job.topology import Topology
from chamber.run.project.profile import Framework, Launcher, Profile

Valid = Callable[[str], tuple[dict[str, Any], ...]]

JOB = Job(
    name="char-model-1a2b3c4d",
    title="Char Model",
    project="char-model",
    team="ml",
    image="localhost:5000/char-model:0123456789abcdef",
    command=("python", "train.py", "--lr", "1e-3"),
    env={"B": "yes", "A": "1"},
    topology=Topology(1, 4),
    gpu_resource="nvidia.com/gpu",
    cpu="32",
    memory="256Gi",
    shm="64Gi",
    commit="0123456789abcdef0123456789abcdef01234567",
)
MANY = replace(JOB, topology=Topology(2, 8), rendezvous=environment(JOB.name, Topology(2, 8), "pytorch"))
RAY = replace(JOB, topology=Topology(2, 8), kind="RayJob")
KINDS = pytest.mark.parametrize("job", [JOB, MANY, RAY], ids=["one", "many", "ray"])
DIGEST = f"sha256:{'ab' * 32}"

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)


def _container(manifest: dict[str, Any]) -> Any:
    return manifest["spec"]["template"]["spec"]["containers"][0]


def _workers(manifest: dict[str, Any]) -> Any:
    return manifest["spec"]["rayClusterSpec"]["workerGroupSpecs"][0]


def test_a_job_is_what_the_cluster_expects(valid: Valid) -> None:
    (manifest,) = valid(rendered(build(JOB)))
    assert (manifest["apiVersion"], manifest["kind"]) == ("batch/v1", "Job")
    assert manifest["metadata"]["name"] == JOB.name
    assert manifest["spec"]["backoffLimit"] == 0
    assert manifest["spec"]["ttlSecondsAfterFinished"] == 86400
    assert manifest["spec"]["template"]["spec"]["restartPolicy"] == "Never"


def test_the_container_has_command_environment_and_resources() -> None:
    container = _container(build(JOB)[0])
    assert container["command"] == ["python", "train.py", "--lr", "1e-3"]
    assert container["workingDir"] == "/app"
    assert container["env"] == [{"name": "A", "value": "1"}, {"name": "B", "value": "yes"}]
    assert container["resources"] == {
        "requests": {"cpu": "32", "memory": "256Gi"},
        "limits": {"memory": "256Gi", "nvidia.com/gpu": 4},
    }


def test_shared_memory_is_mounted_and_gpu_nodes_are_tolerated() -> None:
    pod = build(replace(JOB, gpu_resource="amd.com/gpu"))[0]["spec"]["template"]["spec"]
    assert pod["volumes"][0]["emptyDir"] == {"medium": "Memory", "sizeLimit": "64Gi"}
    assert pod["containers"][0]["volumeMounts"] == [{"name": pod["volumes"][0]["name"], "mountPath": "/dev/shm"}]
    assert pod["tolerations"] == [{"key": "amd.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]
    assert pod["containers"][0]["resources"]["limits"]["amd.com/gpu"] == 4


def test_several_nodes_are_an_indexed_job_behind_a_headless_service(valid: Valid) -> None:
    service, job = valid(rendered(build(MANY)))
    assert (service["kind"], service["spec"]["clusterIP"]) == ("Service", "None")
    assert service["spec"]["publishNotReadyAddresses"] is True
    assert service["spec"]["selector"] == {"job-name": job["metadata"]["name"]}
    assert {"completionMode": "Indexed", "completions": 2, "parallelism": 2}.items() <= job["spec"].items()
    assert job["spec"]["template"]["spec"]["subdomain"] == service["metadata"]["name"]
    assert _container(job)["resources"]["limits"]["nvidia.com/gpu"] == 8


def test_the_pods_index_comes_before_what_refers_to_it_and_the_projects_own_word_is_last() -> None:
    own = replace(MANY, env={"MASTER_PORT": "4000", "A": "$(NODE_RANK)"})
    variables = {variable["name"]: variable for variable in _container(build(own)[1])["env"]}
    assert next(iter(variables)) == "JOB_COMPLETION_INDEX"
    field = variables["JOB_COMPLETION_INDEX"]["valueFrom"]["fieldRef"]["fieldPath"]
    assert field == "metadata.annotations['batch.kubernetes.io/job-completion-index']"
    assert variables["MASTER_ADDR"]["value"] == f"{JOB.name}-0.{JOB.name}"
    assert variables["MASTER_PORT"]["value"] == "4000"
    assert variables["A"]["value"] == "$$(NODE_RANK)"


def test_a_rayjob_has_whole_nodes_as_workers_and_as_many_gpus_as_were_asked_for(valid: Valid) -> None:
    (manifest,) = valid(rendered(build(RAY)))
    spec, workers = manifest["spec"], _workers(manifest)
    assert workers["replicas"] == workers["minReplicas"] == workers["maxReplicas"] == 2
    assert workers["template"]["spec"]["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == 8
    head = spec["rayClusterSpec"]["headGroupSpec"]
    assert "nvidia.com/gpu" not in head["template"]["spec"]["containers"][0]["resources"]["limits"]
    assert head["rayStartParams"]["num-cpus"] == "0"
    assert (spec["shutdownAfterJobFinishes"], spec["ttlSecondsAfterFinished"], spec["backoffLimit"]) == (True, 0, 0)


@KINDS
def test_these_tests_notice_what_a_cluster_does_not_know(job: Job, valid: Valid) -> None:
    objects = build(job)
    _specs(objects)[0]["containers"][0]["comand"] = []
    with pytest.raises(Exception, match="'comand' was unexpected"):
        valid(rendered(objects))


@given(st.lists(texts, min_size=1))
def test_the_words_of_a_rayjobs_command_survive_its_shell(words: list[str]) -> None:
    (manifest,) = parsed(rendered(build(replace(RAY, command=tuple(words)))))
    assert shlex.split(manifest["spec"]["entrypoint"]) == words


@KINDS
def test_everything_has_team_project_and_commit(job: Job) -> None:
    objects = build(job)
    assert belongs_to(objects, "ml")
    assert not belongs_to(objects, "other")
    for made in objects:
        assert made["metadata"]["annotations"] == {
            "chamber.io/project": "Char Model",
            "chamber.io/git-commit": "0123456789abcdef0123456789abcdef01234567",
        }


@KINDS
def test_a_pod_without_its_team_is_noticed(job: Job) -> None:
    from chamber.run.job.objects import templates

    for position in range(len(list(templates(build(job)[-1])))):
        objects = build(job)
        del list(templates(objects[-1]))[position]["metadata"]["labels"]["chamber.io/team"]
        assert not belongs_to(objects, "ml")


@KINDS
def test_a_job_without_a_team_has_no_label_for_it(job: Job) -> None:
    assert "chamber.io/team" not in rendered(build(replace(job, team=None, commit=None)))


@KINDS
def test_secrets_are_named_and_not_held(job: Job, valid: Valid) -> None:
    made = replace(job, secrets={"HF_TOKEN": "hugging-face/token"}, image_pull_secrets=("registry",))
    text = rendered(build(made))
    valid(text)
    assert {"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "hugging-face", "key": "token"}}} in (
        _pods(text)[-1]["containers"][0]["env"]
    )
    assert all(pod["imagePullSecrets"] == [{"name": "registry"}] for pod in _pods(text))
    assert parsed(without_values(text, frozenset({"HF_TOKEN"}))) == parsed(text)


def test_a_variable_is_a_secret_or_not() -> None:
    with pytest.raises(ConfigurationError, match="A is in env and in secrets"):
        build(replace(JOB, secrets={"A": "s/k"}))


@pytest.mark.parametrize("word", ["yes", "1e3", "0o7", "null", "~", "y", "1_000", "12:30:45", "=", "<<", ""])
def test_texts_that_some_yaml_takes_for_something_else_are_quoted(word: str) -> None:
    assert rendered([{"a": word}]).strip() in {f'a: "{word}"', f"a: '{word}'"}


def test_other_texts_are_not() -> None:
    assert rendered([{"a": "plain/text_1.2"}]) == "a: plain/text_1.2\n"


@given(st.dictionaries(names, texts, max_size=5), st.lists(texts, max_size=5), st.sampled_from([JOB, MANY, RAY]))
def test_any_environment_and_command_survive_the_yaml(
    valid: Valid, env: dict[str, str], command: list[str], job: Job
) -> None:
    objects = build(replace(job, env=env, command=tuple(command)))
    assert valid(rendered(objects)) == objects == tuple(yaml.safe_load_all(rendered(objects)))


@settings(max_examples=40)  # each is checked against two versions of the cluster's schema
@given(
    st.text(min_size=1, max_size=255),
    st.sampled_from(["python", "torchrun", "accelerate", "deepspeed", "ray", "mpi"]),
    st.sampled_from(["pytorch", "tensorflow", "jax", "generic"]),
    st.sampled_from([Topology(1, 1), Topology(1, 8), Topology(3, 4), Topology(64, 8)]),
    st.sampled_from(sorted(TYPES)),
)
def test_every_job_is_one_that_a_cluster_takes(
    valid: Valid, text: str, launcher: Launcher, framework: Framework, topology: Topology, gpu_type: str
) -> None:
    known, kind = TYPES[gpu_type], "RayJob" if launcher == "ray" else "Job"
    name = job_name(text, "0a1b2c3d", "RayJob" if launcher == "ray" else "Job")
    profile = Profile(entrypoint="train.py", launcher=launcher, framework=framework)
    made = replace(
        JOB,
        name=name,
        kind=kind,
        title=text,
        project=label(text),
        command=in_manifest(profile, topology, ["--x", "$(A)"]),
        rendezvous=environment(name, topology, framework) if kind == "Job" else {},
        topology=topology,
        gpu_resource=known.resource,
        cpu=str(known.cpu),
    )
    assert sum(_gpus(pod, known.resource) for pod in _pods(rendered(build(made)))) == topology.gpus_per_node
    assert belongs_to(valid(rendered(build(made))), "ml")


def test_a_manifest_that_is_too_long_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="65536 are allowed"):
        rendered(build(replace(JOB, env={"A": "x" * 65_536})))


@KINDS
def test_the_image_is_replaced_where_it_was_planned_and_its_digest_is_noted(job: Job, valid: Valid) -> None:
    objects = build(replace(job, env={"IMAGE": job.image}))
    first = _specs(objects)[0]
    first["containers"].append({"name": "side", "image": "ghcr.io/a/side:1"})
    text = with_image(rendered(objects), job.image, f"localhost:5000/char-model@{DIGEST}")
    assert all(pod["containers"][0]["image"] == f"localhost:5000/char-model@{DIGEST}" for pod in _pods(text))
    assert {"name": "IMAGE", "value": job.image} in _pods(text)[0]["containers"][0]["env"]
    assert _pods(text)[0]["containers"][1]["image"] == "ghcr.io/a/side:1"
    assert all(made["metadata"]["annotations"]["chamber.io/image-digest"] == DIGEST for made in valid(text))


@KINDS
def test_values_are_left_out_by_name(job: Job) -> None:
    for pod in _pods(without_values(rendered(build(job)), frozenset({"B"}))):
        assert pod["containers"][0]["env"][-2:] == [{"name": "A", "value": "1"}, {"name": "B", "value": "***"}]


def _specs(objects: tuple[dict[str, Any], ...]) -> list[Any]:
    from chamber.run.job.objects import templates

    return [template["spec"] for made in objects for template in templates(made)]


def _pods(text: str) -> list[Any]:
    return _specs(parsed(text))


def _gpus(pod: Any, resource: str) -> int:
    return int(pod["containers"][0]["resources"]["limits"].get(resource, 0))
