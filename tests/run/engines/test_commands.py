import pathlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chamber.core.errors import ConfigurationError, DockerError
from chamber.core.redaction import Secret
from chamber.run.engines import Build, commands
from chamber.run.engines.build import Kind, bases_of, host_of

FOLDER = pathlib.Path("/tmp/build")
BUILD = Build(tag="registry.example/a:env-1", dockerfile="FROM docker.io/library/python:3.12\n", context={})
NOBODY: frozenset[str] = frozenset()


def _build(kind: Kind, build: Build = BUILD, plain: frozenset[str] = NOBODY) -> list[str]:
    return commands.build(kind, ["/bin/engine"], build, FOLDER, plain)


COMMON = ["--platform=linux/amd64", "--tag=registry.example/a:env-1", "--file=/tmp/build/Dockerfile"]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("docker", ["build", "--force-rm"]),
        ("buildx", ["buildx", "build", "--progress=plain", "--push"]),
        ("podman", ["build", "--force-rm", "--format=docker"]),
        ("nerdctl", ["build", "--progress=plain"]),
    ],
)
def test_each_engine_builds_by_its_own_command_line(kind: Kind, words: list[str]) -> None:
    assert _build(kind) == ["/bin/engine", *words, *COMMON, "--", "/tmp/build/context"]


def test_buildx_alone_pushes_in_the_same_step() -> None:
    assert [kind for kind in ("docker", "buildx", "podman", "nerdctl") if commands.pushes_itself(kind)] == ["buildx"]


def test_buildx_keeps_its_cache_in_the_registry_under_a_moving_tag() -> None:
    cached = replace(BUILD, cache="registry.example/a:env-cache")
    command = _build("buildx", cached)
    assert "--tag=registry.example/a:env-cache" in command
    assert "--cache-to=type=inline" in command
    assert "--cache-from=type=registry,ref=registry.example/a:env-cache" in command
    anew = _build("buildx", replace(cached, no_cache=True))
    assert "--cache-to=type=inline" in anew
    assert not any(word.startswith("--cache-from") for word in anew)
    for kind in ("docker", "podman", "nerdctl"):
        assert _build(kind, cached) == _build(kind)


def test_without_the_cache_every_step_is_done_and_the_base_looked_for_anew() -> None:
    anew = replace(BUILD, no_cache=True)
    assert {"--no-cache", "--pull"} <= set(_build("docker", anew))
    assert {"--no-cache", "--pull=always"} <= set(_build("podman", anew))
    local = replace(anew, dockerfile="FROM localhost/mine:1\n")
    assert not any(word.startswith("--pull") for word in _build("docker", local))


def test_secrets_are_mounted_from_files_and_their_values_are_nowhere_in_the_command() -> None:
    secret = replace(BUILD, secrets={"pip_index_url": Secret("https://me:hidden@pypi.example/simple")})
    for kind in ("buildx", "podman", "nerdctl"):
        command = _build(kind, secret)
        assert "--secret=id=pip_index_url,src=/tmp/build/secrets/pip_index_url" in command
        assert not any("hidden" in word for word in command)


def test_docker_without_buildx_refuses_secrets_and_says_what_can() -> None:
    with pytest.raises(DockerError, match=r"pip_index_url.*buildx.*podman.*CHAMBER_ENGINE"):
        _build("docker", replace(BUILD, secrets={"pip_index_url": Secret("https://pypi.example")}))


def test_podman_speaks_without_tls_only_where_no_base_wants_it() -> None:
    def without_tls(dockerfile: str, plain: frozenset[str] = NOBODY) -> bool:
        return "--tls-verify=false" in _build("podman", replace(BUILD, dockerfile=dockerfile), plain)

    assert without_tls("FROM 127.0.0.1:5000/base:1")
    assert without_tls("FROM harbor.lan/base:1", frozenset({"harbor.lan"}))
    assert not without_tls("FROM harbor.lan/base:1")
    assert not without_tls("FROM 127.0.0.1:5000/base:1 AS a\nFROM docker.io/library/python:3\n")
    assert not without_tls("FROM scratch")


@pytest.mark.parametrize(
    ("kind", "host", "plain", "words"),
    [
        ("docker", "127.0.0.1:5000", False, ["push"]),
        ("podman", "127.0.0.1:5000", False, ["push", "--tls-verify=false"]),
        ("podman", "harbor.lan", True, ["push", "--tls-verify=false"]),
        ("podman", "harbor.lan", False, ["push"]),
        ("nerdctl", "harbor.lan", True, ["--insecure-registry", "push"]),
        ("nerdctl", "harbor.lan", False, ["push"]),
    ],
)
def test_a_push_goes_without_tls_only_to_this_machine_and_where_it_was_allowed(
    kind: Kind, host: str, plain: bool, words: list[str]
) -> None:
    hosts = frozenset({host}) if plain else NOBODY
    assert commands.push(kind, ["engine"], f"{host}/a:1", hosts) == ["engine", *words, "--", f"{host}/a:1"]


@pytest.mark.parametrize("value", ["-v", "--privileged", "", "a b", "a,b", "a=b", "a\nb"])
def test_a_value_that_could_be_an_option_is_refused(value: str) -> None:
    secrets = {value: Secret("x")}
    for build in (replace(BUILD, tag=value), replace(BUILD, platform=value), replace(BUILD, secrets=secrets)):
        with pytest.raises(ConfigurationError):
            _build("podman", build)
    with pytest.raises(ConfigurationError):
        commands.push("docker", ["docker"], value, NOBODY)


@given(st.text(), st.text())
def test_no_value_ever_becomes_an_option_of_its_own(tag: str, platform: str) -> None:
    try:
        command = _build("docker", replace(BUILD, tag=tag, platform=platform))
    except ConfigurationError:
        return
    assert len(command) == len(_build("docker"))
    assert f"--tag={tag}" in command


def test_the_bases_of_a_dockerfile_are_what_it_pulls() -> None:
    dockerfile = """
        # FROM a comment
        ARG VERSION=1
        FROM --platform=linux/amd64 registry.example:5000/build/base@sha256:aa AS build
        FROM python:${VERSION} AS other
        from scratch
        COPY --from=build --chown=1:1 /a /b
        COPY --from=ghcr.io/tool/uv:1 /uv /uv
        COPY --from=0 /a /b
        FROM python:3.12
    """
    assert bases_of(dockerfile) == ("registry.example:5000/build/base@sha256:aa", "ghcr.io/tool/uv:1", "python:3.12")


@pytest.mark.parametrize(
    ("image", "host"),
    [
        ("python:3.12", "docker.io"),
        ("library/python", "docker.io"),
        ("docker.io/library/python", "docker.io"),
        ("localhost/a:1", "localhost"),
        ("localhost:5000/a", "localhost:5000"),
        ("ghcr.io/a/b:1", "ghcr.io"),
        ("registry:5000/a", "registry:5000"),
    ],
)
def test_the_host_of_an_image_is_as_engines_read_it(image: str, host: str) -> None:
    assert host_of(image) == host
