"""Google's own library and API, at a server of the test's; gcloud as a program that says what gcloud says."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from scripted import Scripted, answering

from chamber.core.errors import ConfigurationError, DockerError
from chamber.run.clouds import artifact_registry
from chamber.run.clouds.google import Place

REPOSITORIES = "POST /v1/projects/my-project/locations/us/repositories"
US = Place("us")


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: Callable[[str, str], Path]) -> None:
    """No account of whoever runs the tests, and no search for a metadata server."""
    program("gcloud", 'echo "You do not currently have an active account selected." >&2; exit 1')
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")


@pytest.fixture
def api(scripted: Scripted, monkeypatch: pytest.MonkeyPatch, program: Callable[[str, str], Path]) -> Scripted:
    monkeypatch.setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_ARTIFACTREGISTRY", f"http://{scripted.host}/")
    program("gcloud", "echo ya29.token-of-gcloud")
    return scripted


def test_gcloud_is_asked_for_a_token(program: Callable[[str, str], Path]) -> None:
    calls = program("gcloud", "echo ya29.token-of-gcloud")
    assert artifact_registry.login() == ("oauth2accesstoken", "ya29.token-of-gcloud")
    assert calls.read_text() == "auth print-access-token --quiet\n"


async def test_the_key_of_a_service_account_is_turned_into_a_token(
    scripted: Scripted, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: Callable[[str, str], Path]
) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    account = {
        "type": "service_account",
        "client_email": "ci@my-project.iam.gserviceaccount.com",
        "private_key": pem,
        "token_uri": f"http://{scripted.host}/token",
    }
    (tmp_path / "key.json").write_text(json.dumps(account))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))
    calls = program("gcloud", "echo not-wanted")
    scripted.answers["POST /token"] = answering(
        body='{"access_token": "ya29.of-the-account", "expires_in": 3599, "token_type": "Bearer"}',
        Content_Type="application/json",
    )
    assert await asyncio.to_thread(artifact_registry.login) == ("oauth2accesstoken", "ya29.of-the-account")
    assert not calls.exists()
    assert parse_qs(scripted.bodies[0].decode())["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]


def test_a_key_file_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key.json").write_text('{"type": "nothing known"}')
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))
    with pytest.raises(ConfigurationError, match="GOOGLE_APPLICATION_CREDENTIALS"):
        artifact_registry.login()


def test_where_nobody_is_known_it_is_said_what_to_do() -> None:
    with pytest.raises(ConfigurationError, match="gcloud auth login"):
        artifact_registry.login()


async def test_without_the_library_the_machines_own_account_is_asked(
    scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(artifact_registry, "find_spec", lambda name: None)
    monkeypatch.setenv("GCE_METADATA_HOST", scripted.host)
    path = "GET /computeMetadata/v1/instance/service-accounts/default/token"
    scripted.answers[path] = answering(body='{"access_token": "ya29.of-the-machine"}')
    assert await asyncio.to_thread(artifact_registry.login) == ("oauth2accesstoken", "ya29.of-the-machine")
    assert scripted.requests[0].headers["Metadata-Flavor"] == "Google"
    scripted.answers[path] = answering(302, Location="http://elsewhere.test/")
    with pytest.raises(ConfigurationError, match="gcloud auth login"):
        await asyncio.to_thread(artifact_registry.login)


async def test_a_repository_is_made_and_waited_for(api: Scripted) -> None:
    api.answers[REPOSITORIES] = answering(body='{"name": "projects/my-project/locations/us/operations/7"}')
    api.answers["GET /v1/projects/my-project/locations/us/operations/7"] = answering(
        body='{"name": "projects/my-project/locations/us/operations/7", "done": true, "response": {}}'
    )
    await asyncio.to_thread(artifact_registry.create, US, "my-project/ml/tool")
    assert len(api.requests) == 2
    assert api.requests[0].query["repositoryId"] == "ml"
    assert json.loads(api.bodies[0]) == {"format": "DOCKER"}
    assert {request.headers["Authorization"] for request in api.requests} == {"Bearer ya29.token-of-gcloud"}


async def test_a_repository_that_is_there_is_left(api: Scripted) -> None:
    api.answers[REPOSITORIES] = answering(409, '{"error": {"status": "ALREADY_EXISTS"}}')
    await asyncio.to_thread(artifact_registry.create, US, "my-project/ml/tool")


@pytest.mark.parametrize(
    "answer",
    [
        answering(403, '{"error": {"message": "Permission artifactregistry.repositories.create denied"}}'),
        answering(body='{"name": "x", "done": true, "error": {"message": "Permission denied"}}'),
        answering(302, Location="https://elsewhere.test/"),
    ],
)
async def test_a_repository_that_cannot_be_made_is_said(api: Scripted, answer: object) -> None:
    api.answers[REPOSITORIES] = answer  # type: ignore[assignment]
    with pytest.raises(DockerError, match="the repository ml of my-project cannot be made") as caught:
        await asyncio.to_thread(artifact_registry.create, US, "my-project/ml/tool")
    assert "ya29" not in str(caught.value)
    assert len(api.requests) == 1


@pytest.mark.parametrize(
    ("place", "path", "asked"),
    [
        (US, "example.com/my-project/ml/tool", "/v1/projects/example.com:my-project/locations/us/repositories"),
        (Place("europe", "eu.gcr.io"), "my-project/tool", "/v1/projects/my-project/locations/europe/repositories"),
    ],
)
async def test_project_and_repository_are_found_in_the_path(api: Scripted, place: Place, path: str, asked: str) -> None:
    async def conflict(request: web.Request) -> web.StreamResponse:
        return web.Response(status=409)

    api.answers[f"POST {asked}"] = conflict
    await asyncio.to_thread(artifact_registry.create, place, path)
    assert api.requests[0].query["repositoryId"] == (place.repository or "ml")


def test_a_path_without_a_repository_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="project/repository/image"):
        artifact_registry.create(US, "my-project")


def test_a_token_goes_nowhere_in_the_open(monkeypatch: pytest.MonkeyPatch, program: Callable[[str, str], Path]) -> None:
    program("gcloud", "echo ya29.token-of-gcloud")
    monkeypatch.setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_ARTIFACTREGISTRY", "http://proxy.example.com/")
    with pytest.raises(ConfigurationError, match="must be https"):
        artifact_registry.create(US, "my-project/ml/tool")
