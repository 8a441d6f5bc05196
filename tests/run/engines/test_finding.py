from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chamber.core.errors import ConfigurationError, DockerError
from chamber.run.engines import find

Program = Callable[[str, str], Path]

#: A docker with a daemon: with and without buildx, and one whose daemon does not answer.
CLASSIC = 'case "$1" in buildx) exit 1;; *) echo 20.10.24;; esac'
BUILDX = "echo 28.2.2"
DOWN = "echo 'Cannot connect to the Docker daemon' >&2; exit 1"


async def test_docker_comes_first_and_has_buildx_or_not(engine_program: Program) -> None:
    engine_program("podman", "echo 4.3.1")
    engine_program("docker", CLASSIC)
    assert (await find()).kind == "docker"
    engine_program("docker", BUILDX)
    engine = await find()
    assert (engine.kind, engine.buildkit, engine.name) == ("buildx", True, "docker buildx")


async def test_docker_without_a_daemon_gives_way_to_podman_and_podman_to_nerdctl(engine_program: Program) -> None:
    engine_program("docker", DOWN)
    engine_program("podman", "echo 4.3.1")
    engine_program("nerdctl", "echo 2.0.0")
    assert (await find()).kind == "podman"
    engine_program("podman", "exit 125")
    engine = await find()
    assert engine.kind == "nerdctl"
    assert engine.client[0].endswith("/nerdctl")


async def test_the_variable_beats_what_answers(engine_program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    engine_program("docker", BUILDX)
    engine_program("podman", "echo 4.3.1")
    monkeypatch.setenv("CHAMBER_ENGINE", "podman")
    assert (await find()).kind == "podman"
    assert (await find("docker")).kind == "buildx"
    monkeypatch.setenv("CHAMBER_ENGINE", "nerdctl")
    with pytest.raises(DockerError, match=r"nerdctl: not installed"):
        await find()


async def test_a_name_that_is_no_engine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAMBER_ENGINE", "--version")
    with pytest.raises(ConfigurationError, match="docker, podman, nerdctl"):
        await find()


async def test_where_none_answers_the_error_says_what_each_said_and_what_to_do(engine_program: Program) -> None:
    engine_program("docker", DOWN)
    with pytest.raises(DockerError) as failed:
        await find()
    for part in ("Cannot connect to the Docker daemon", "podman: not installed", "Install docker", "CHAMBER_ENGINE"):
        assert part in str(failed.value)


async def test_secrets_want_an_engine_that_mounts_them(
    engine_program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine_program("docker", CLASSIC)
    with pytest.raises(DockerError, match="no buildx plugin"):
        await find(secrets=True)
    engine_program("podman", "echo 4.3.1")
    assert (await find(secrets=True)).kind == "podman"
    monkeypatch.setenv("CHAMBER_ENGINE", "docker")
    with pytest.raises(DockerError, match="no buildx plugin"):
        await find(secrets=True)


async def test_whoever_turned_buildkit_off_gets_the_classic_builder(
    engine_program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine_program("docker", BUILDX)
    monkeypatch.setenv("DOCKER_BUILDKIT", "0")
    assert (await find()).kind == "docker"


async def test_contexts_and_hosts_are_those_of_the_environment(engine_program: Program, monkeypatch: Any) -> None:
    engine_program("docker", 'echo "$DOCKER_HOST $CHAMBER_TOKEN $DOCKER_CONTEXT" >&2; exit 1')
    monkeypatch.setenv("DOCKER_HOST", "ssh://far")
    monkeypatch.setenv("CHAMBER_TOKEN", "ch.hidden")
    with pytest.raises(DockerError, match=r"\(docker: ssh://far\)"):
        await find("docker")


async def test_how_long_an_engine_may_say_nothing_can_be_set(
    engine_program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine_program("podman", "echo 4.3.1")
    assert (await find()).build_idle == 1200
    monkeypatch.setenv("CHAMBER_ENGINE_IDLE", "7200")
    engine = await find()
    assert (engine.build_idle, engine.push_idle) == (7200, 7200)
    for wrong in ("0", "-1", "1h"):
        monkeypatch.setenv("CHAMBER_ENGINE_IDLE", wrong)
        with pytest.raises(ConfigurationError, match="CHAMBER_ENGINE_IDLE"):
            await find()
