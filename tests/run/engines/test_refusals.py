import pytest

from chamber.core.errors import DockerError
from chamber.run.engines.refusals import failure
from chamber.run.errors import RegistryAuthError

IMAGE = "registry.example:5000/a:1"


@pytest.mark.parametrize(
    "tail",
    [
        "unauthorized: authentication required",
        "denied: requested access to the resource is denied",
        "no basic auth credentials",
        "Error: writing blob: unauthorized: access to the requested resource is not authorized",
        "error: failed to push: unexpected status: 401 Unauthorized",
        "received unexpected HTTP status: 403 Forbidden",
    ],
)
def test_a_push_that_the_registry_refuses_is_about_the_login(tail: str) -> None:
    error = failure("podman", f"push {IMAGE}", 125, f"Getting image source signatures\n{tail}")
    assert isinstance(error, RegistryAuthError)
    assert error.registry == "registry.example:5000"
    assert "docker login registry.example:5000" in str(error)
    assert tail in str(error)


@pytest.mark.parametrize(
    ("tail", "advice"),
    [
        ("http: server gave HTTP response to HTTPS client", "insecure-registries"),
        ("write /x: no space left on device", "make room"),
        ("Cannot connect to the Docker daemon at unix:///var/run/docker.sock.", "CHAMBER_ENGINE"),
        ("toomanyrequests: You have reached your pull rate limit", "base_image"),
        ("exec /bin/sh: exec format error", "platform"),
    ],
)
def test_what_is_known_of_a_failure_is_said_with_what_to_do(tail: str, advice: str) -> None:
    assert advice in str(failure("podman", f"build {IMAGE}", 1, tail))


def test_a_command_that_is_not_allowed_in_a_build_is_no_matter_of_the_login() -> None:
    error = failure("podman", f"build {IMAGE}", 1, "pip: 401 Unauthorized for https://pypi.example/simple")
    assert type(error) is DockerError


def test_the_last_lines_are_at_the_end_and_silence_is_told() -> None:
    assert str(failure("podman", f"build {IMAGE}", 2, "a\nb")).endswith("The last lines it wrote:\na\nb")
    assert "It wrote nothing" in str(failure("podman", f"build {IMAGE}", 2, ""))
