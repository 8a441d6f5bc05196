"""The directory and the registry of Azure at a server of the test's; az as a program that says what az says."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from scripted import Scripted, answering

from chamber.core.errors import ConfigurationError
from chamber.run.clouds import acr

NOBODY = "00000000-0000-0000-0000-000000000000"
REGISTRY = "https://contoso.azurecr.io"
VARIABLES = ("CLIENT_ID", "CLIENT_SECRET", "TENANT_ID", "FEDERATED_TOKEN_FILE", "AUTHORITY_HOST")


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(f"AZURE_{name}", raising=False)


@pytest.fixture
def workload(scripted: Scripted, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Scripted:
    (tmp_path / "token").write_text("an-assertion\n")
    monkeypatch.setenv("AZURE_CLIENT_ID", "client")
    monkeypatch.setenv("AZURE_TENANT_ID", "tenant")
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.setenv("AZURE_AUTHORITY_HOST", f"http://{scripted.host}/")
    scripted.answers["POST /tenant/oauth2/v2.0/token"] = answering(body='{"access_token": "of-the-directory"}')
    scripted.answers["POST /oauth2/exchange"] = answering(body='{"refresh_token": "of-the-registry"}')
    return scripted


def test_a_service_principal_is_a_login_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_CLIENT_ID", "client")
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "client-secret")
    assert acr.login(REGISTRY) == ("client", "client-secret")


async def test_a_workload_exchanges_its_token_twice(workload: Scripted) -> None:
    assert await asyncio.to_thread(acr.login, f"http://{workload.host}") == (NOBODY, "of-the-registry")
    first, second = (parse_qs(body.decode()) for body in workload.bodies)
    assert first["client_assertion"] == ["an-assertion"]
    assert first["scope"] == ["https://containerregistry.azure.net/.default"]
    assert second == {
        "grant_type": ["access_token"],
        "service": [workload.host],
        "tenant": ["tenant"],
        "access_token": ["of-the-directory"],
    }


@pytest.mark.parametrize("path", ["POST /tenant/oauth2/v2.0/token", "POST /oauth2/exchange"])
@pytest.mark.parametrize(
    "answer",
    [answering(401, '{"error": "invalid_client", "an-assertion": 1}'), answering(body="{}"), answering(body="<html>")],
)
async def test_a_refusal_is_told_without_the_token(workload: Scripted, path: str, answer: object) -> None:
    workload.answers[path] = answer  # type: ignore[assignment]
    with pytest.raises(ConfigurationError, match="gave no token") as caught:
        await asyncio.to_thread(acr.login, f"http://{workload.host}")
    assert "an-assertion" not in str(caught.value)


async def test_a_token_is_not_sent_on(workload: Scripted) -> None:
    workload.answers["POST /oauth2/exchange"] = answering(307, Location="/other")
    with pytest.raises(ConfigurationError, match="answered 307"):
        await asyncio.to_thread(acr.login, f"http://{workload.host}")
    assert "POST /other" not in workload.calls()


def test_a_token_file_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CLIENT_ID", "TENANT_ID", "FEDERATED_TOKEN_FILE"):
        monkeypatch.setenv(f"AZURE_{name}", "/nowhere/token")
    with pytest.raises(ConfigurationError, match="AZURE_FEDERATED_TOKEN_FILE: /nowhere/token"):
        acr.login(REGISTRY)


def test_az_is_asked_for_a_token(program: Callable[[str, str], Path]) -> None:
    calls = program("az", """echo '{"accessToken": "of-az", "loginServer": "contoso.azurecr.io"}'""")
    assert acr.login(REGISTRY) == (NOBODY, "of-az")
    assert calls.read_text() == "acr login --name contoso --expose-token --output json\n"


@pytest.mark.parametrize("script", ["echo 'Please run az login' >&2; exit 1", "echo nonsense", "echo '{}'"])
def test_where_nobody_is_known_it_is_said_what_to_do(program: Callable[[str, str], Path], script: str) -> None:
    program("az", script)
    with pytest.raises(ConfigurationError, match="az login"):
        acr.login(REGISTRY)
