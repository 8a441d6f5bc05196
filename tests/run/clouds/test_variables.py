"""The registries whose login is two variables of the environment."""

from types import ModuleType

import pytest

from chamber.run.clouds import docker_hub, harbor, quay

ROWS = [
    (docker_hub, "docker.io/acme", "DOCKERHUB_USERNAME", "DOCKERHUB_TOKEN"),
    (quay, "quay.io/acme", "QUAY_USERNAME", "QUAY_PASSWORD"),
    (harbor, "harbor.lan:8443/acme", "HARBOR_USERNAME", "HARBOR_PASSWORD"),
]


@pytest.fixture(autouse=True)
def variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARBOR_URL", "https://harbor.lan:8443/")
    for _, _, username, password in ROWS:
        monkeypatch.setenv(username, "robot$ci")
        monkeypatch.setenv(password, "robot-secret")


@pytest.mark.parametrize(("module", "registry", "username", "password"), ROWS)
def test_two_variables_are_a_login(
    module: ModuleType, registry: str, username: str, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = module.chamber_run_registry(registry)
    assert answer.login() == ("robot$ci", "robot-secret")
    assert "robot-secret" not in repr(answer)
    monkeypatch.setenv(password, "")
    assert answer.login() is None


@pytest.mark.parametrize(("module", "registry", "username", "password"), ROWS)
@pytest.mark.parametrize("other", ["evil.test/{}", "{}.evil.test", "x{}", "localhost:5000/{}"])
def test_it_is_for_that_host_alone(module: ModuleType, registry: str, username: str, password: str, other: str) -> None:
    host = registry.partition("/")[0]
    assert module.chamber_run_registry(other.format(host)) is None
    assert module.chamber_run_registry(None) is None


def test_every_name_of_docker_hub_is_known() -> None:
    for host in ("docker.io", "index.docker.io", "registry-1.docker.io"):
        assert docker_hub.chamber_run_registry(f"{host}/acme") is not None
