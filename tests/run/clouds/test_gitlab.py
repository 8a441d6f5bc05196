import pytest

from chamber.run.clouds.gitlab import chamber_run_registry


@pytest.fixture(autouse=True)
def job(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CI_REGISTRY_USER", "CI_REGISTRY_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CI_REGISTRY", "registry.acme.example:5050")
    monkeypatch.setenv("CI_SERVER_URL", "https://gitlab.acme.example")
    monkeypatch.setenv("CI_JOB_TOKEN", "job-token")


def test_a_job_logs_in_to_the_registry_of_its_gitlab(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = chamber_run_registry("registry.acme.example:5050/ml/tool")
    assert answer is not None
    assert answer.auth_realm == "https://gitlab.acme.example"
    assert answer.login is not None
    assert answer.login() == ("gitlab-ci-token", "job-token")
    monkeypatch.setenv("CI_REGISTRY_USER", "user")
    monkeypatch.setenv("CI_REGISTRY_PASSWORD", "password")
    assert answer.login() == ("user", "password")


@pytest.mark.parametrize("registry", ["registry.acme.example/ml", "registry.gitlab.com/ml", "evil.test/ml", None])
def test_the_job_is_known_to_no_other(registry: str | None) -> None:
    assert chamber_run_registry(registry) is None


def test_a_server_in_the_open_gives_out_no_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI_SERVER_URL", "http://gitlab.acme.example")
    answer = chamber_run_registry("registry.acme.example:5050/ml")
    assert answer is not None
    assert answer.auth_realm is None


def test_outside_of_a_job_there_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI_REGISTRY")
    assert chamber_run_registry("registry.gitlab.com/ml") is None
