from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chamber.core.errors import ConfigurationError
from chamber.run.job.manifest import Job, belongs_to, build, parsed, rendered, with_image, without_values

JOB = Job(
    name="char-model-1a2b3c4d",
    project="char-model",
    team="ml",
    image="localhost:5000/char-model:0123456789abcdef",
    command=("python", "train.py", "--lr", "1e-3"),
    env={"B": "yes", "A": "1"},
    gpus=4,
    cpu="32",
    memory="256Gi",
    shm="64Gi",
)

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


def _container(manifest: dict[str, Any]) -> Any:
    return manifest["spec"]["template"]["spec"]["containers"][0]


def test_a_job_is_what_the_cluster_expects() -> None:
    manifest = build(JOB)
    assert (manifest["apiVersion"], manifest["kind"]) == ("batch/v1", "Job")
    assert manifest["metadata"]["name"] == JOB.name
    assert manifest["spec"]["backoffLimit"] == 0
    assert manifest["spec"]["template"]["spec"]["restartPolicy"] == "Never"
    assert belongs_to(manifest, "ml")
    assert not belongs_to(manifest, "other")


def test_the_container_has_command_environment_and_resources() -> None:
    container = _container(build(JOB))
    assert container["command"] == ["python", "train.py", "--lr", "1e-3"]
    assert container["workingDir"] == "/app"
    assert container["env"] == [{"name": "A", "value": "1"}, {"name": "B", "value": "yes"}]
    assert container["resources"] == {
        "requests": {"cpu": "32", "memory": "256Gi"},
        "limits": {"memory": "256Gi", "nvidia.com/gpu": 4},
    }


def test_shared_memory_is_mounted() -> None:
    pod = build(JOB)["spec"]["template"]["spec"]
    assert pod["volumes"][0]["emptyDir"] == {"medium": "Memory", "sizeLimit": "64Gi"}
    assert _container(build(JOB))["volumeMounts"] == [{"name": pod["volumes"][0]["name"], "mountPath": "/dev/shm"}]


def test_a_job_without_a_team_has_no_label_for_it() -> None:
    assert "chamber.io/team" not in rendered(build(replace(JOB, team=None)))


@pytest.mark.parametrize("word", ["yes", "1e3", "0o7", "null", "~", "y", "1_000", "12:30:45", "=", "<<", ""])
def test_texts_that_some_yaml_takes_for_something_else_are_quoted(word: str) -> None:
    assert rendered({"a": word}).strip() in {f'a: "{word}"', f"a: '{word}'"}


def test_other_texts_are_not() -> None:
    assert rendered({"a": "plain/text_1.2"}) == "a: plain/text_1.2\n"


@given(st.dictionaries(st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True), texts), st.lists(texts))
def test_any_environment_and_command_survive_the_yaml(env: dict[str, str], command: list[str]) -> None:
    manifest = build(replace(JOB, env=env, command=tuple(command)))
    assert yaml.safe_load(rendered(manifest)) == manifest


def test_a_manifest_that_is_too_long_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="65536 are allowed"):
        rendered(build(replace(JOB, env={"A": "x" * 65_536})))


def test_the_image_is_replaced_where_it_was_planned_and_nowhere_else() -> None:
    manifest = build(replace(JOB, env={"IMAGE": JOB.image}))
    manifest["spec"]["template"]["spec"]["containers"].append({"name": "side", "image": "ghcr.io/a/side:1"})
    changed = parsed(with_image(rendered(manifest), JOB.image, "localhost:5000/char-model@sha256:abc"))
    assert _container(changed)["image"] == "localhost:5000/char-model@sha256:abc"
    assert _container(changed)["env"] == [{"name": "IMAGE", "value": JOB.image}]
    assert changed["spec"]["template"]["spec"]["containers"][1]["image"] == "ghcr.io/a/side:1"


def test_values_are_left_out_by_name() -> None:
    shown = without_values(rendered(build(JOB)), frozenset({"B"}))
    assert _container(parsed(shown))["env"] == [{"name": "A", "value": "1"}, {"name": "B", "value": "***"}]
