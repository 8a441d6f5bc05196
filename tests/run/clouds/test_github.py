from collections.abc import Callable
from pathlib import Path

import pytest

from chamber.run.clouds.github import chamber_run_registry


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GH_TOKEN", "GITHUB_TOKEN", "GITHUB_ACTOR"):
        monkeypatch.delenv(name, raising=False)


def _login() -> tuple[str, str] | None:
    answer = chamber_run_registry("ghcr.io/acme")
    assert answer is not None
    assert answer.login is not None
    return answer.login()


def test_the_token_of_the_environment_is_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "ghs_job")
    monkeypatch.setenv("GITHUB_ACTOR", "octocat")
    assert _login() == ("octocat", "ghs_job")
    monkeypatch.setenv("GH_TOKEN", "gho_mine")
    assert _login() == ("octocat", "gho_mine")


def test_else_the_gh_command_is_asked(program: Callable[[str, str], Path]) -> None:
    calls = program("gh", "echo gho_stored")
    assert _login() == ("x-access-token", "gho_stored")
    assert calls.read_text() == "auth token --hostname github.com\n"
    program("gh", "echo gho_stored; exit 1")
    assert _login() is None


def test_it_answers_for_no_other_host() -> None:
    assert chamber_run_registry("ghcr.io.evil.test/acme") is None
    assert chamber_run_registry(None) is None
