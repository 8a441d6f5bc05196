"""What each kind of registry asks for and how it refuses, at a server of the test's that stands in for all their hosts.

The challenge of a row and its refusal are what its source says; the client is told the registry's real host, so that
what it trusts is decided as it would be there.
"""

import base64
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web
from scripted import Scripted

from chamber.core.transport.exchange import Streamed
from chamber.run.errors import RegistryAuthError
from chamber.run.registry import challenge as challenges
from chamber.run.registry.client import RegistryClient
from chamber.run.registry.repository import Repository
from chamber.run.targets import Registry

PASSWORD = "very-secret-password"
DIGEST = "sha256:" + "0" * 64
SCOPE = "repository:team/app:pull,push"


class Row(NamedTuple):
    """One kind of registry."""

    kind: str
    #: What a user would configure.
    registry: Registry
    #: WWW-Authenticate of its 401.
    challenge: str
    #: What its token service answers, ``%`` in the token's place; None: it has none.
    answer: str | None
    #: How it refuses a login: where it has a token service, that one does.
    refusal: tuple[int, str]
    source: str
    #: Where its API is, if not at its name.
    api: str = ""


def _registry(prefix: str, user: str, **options: Any) -> Registry:
    return Registry(prefix, user, PASSWORD, **options)


ROWS = [
    Row(
        "Docker Hub",
        _registry("docker.io/acme", "acme"),
        'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",'
        'scope="repository:samalba/my-app:pull,push"',
        '{"token": "%", "expires_in": 3600, "issued_at": "2009-11-10T23:00:00Z"}',
        (401, '{"details": "incorrect username or password"}'),
        "https://docs.docker.com/reference/api/registry/auth/",
        "registry-1.docker.io",
    ),
    Row(
        "distribution with a token service of its own",
        _registry("registry.example.com", "jlhawn"),
        'Bearer realm="https://registry.example.com/auth",service="registry.example.com",error="invalid_token"',
        '{"token": "%", "access_token": "%", "expires_in": 300}',
        (401, ""),
        "https://distribution.github.io/distribution/spec/auth/token/",
    ),
    Row(
        "Amazon ECR",
        _registry("123456789012.dkr.ecr.eu-west-2.amazonaws.com/ml", "AWS"),
        'Basic realm="https://123456789012.dkr.ecr.eu-west-2.amazonaws.com/",service="ecr.amazonaws.com"',
        None,
        (403, '{"errors": [{"code": "DENIED", "message": "Your Authorization Token has expired"}]}'),
        "https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html#registry_auth_http",
    ),
    Row(
        "Amazon ECR Public",
        _registry("public.ecr.aws/acme", "AWS"),
        'Bearer realm="https://public.ecr.aws/token/",service="public.ecr.aws",scope="aws"',
        '{"token": "%"}',
        (403, '{"errors": [{"code": "DENIED", "message": "Your authorization token has expired."}]}'),
        "https://docs.aws.amazon.com/AmazonECR/latest/public/public-registry-auth.html",
    ),
    Row(
        "Google Artifact Registry",
        _registry("us-central1-docker.pkg.dev/acme/ml", "oauth2accesstoken"),
        'Bearer realm="https://us-central1-docker.pkg.dev/v2/token",service="us-central1-docker.pkg.dev",'
        'scope="repository:acme/ml/app:pull,push"',
        '{"expires_in": 3600, "issued_at": "2026-01-01T00:00:00Z", "token": "%"}',
        (401, '{"errors": [{"code": "UNAUTHORIZED", "message": "Unauthenticated request."}]}'),
        "https://cloud.google.com/artifact-registry/docs/docker/authentication#token",
    ),
    Row(
        "gcr.io",
        _registry("gcr.io/acme", "oauth2accesstoken"),
        'Bearer realm="https://gcr.io/v2/token",service="gcr.io"',
        '{"expires_in": 43200, "token": "%"}',
        (403, '{"errors": [{"code": "DENIED", "message": "Permission denied (or it may not exist)"}]}'),
        "https://cloud.google.com/artifact-registry/docs/transition/auth-support-gcr",
    ),
    Row(
        "Azure Container Registry",
        _registry("contosoregistry.azurecr.io", "00000000-0000-0000-0000-000000000000"),
        'Bearer realm="https://contosoregistry.azurecr.io/oauth2/token",service="contosoregistry.azurecr.io",'
        'scope="repository:hello-world:pull"',
        '{"access_token": "%"}',
        (401, '{"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]}'),
        "https://azure.github.io/acr/Token-BasicAuth.html",
    ),
    Row(
        "GitHub Container Registry",
        _registry("ghcr.io/acme", "octocat"),
        'Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:user/image:pull"',
        '{"token": "%"}',
        (403, '{"errors": [{"code": "DENIED", "message": "denied"}]}'),
        "https://docs.github.com/en/packages/working-with-a-github-packages-registry/"
        "working-with-the-container-registry",
    ),
    Row(
        "Quay",
        _registry("quay.io/acme", "acme+robot"),
        'Bearer realm="https://quay.io/v2/auth",service="quay.io"',
        '{"token": "%"}',
        (401, '{"error": "Could not find robot with username: acme+robot and supplied password."}'),
        "https://docs.quay.io/glossary/robot-accounts.html and "
        "https://github.com/quay/quay/blob/master/endpoints/v2/v2auth.py",
    ),
    Row(
        "Harbor",
        _registry("harbor.example.com/library", "robot$ci"),
        'Bearer realm="https://harbor.example.com/service/token",service="harbor-registry"',
        '{"token": "%", "access_token": "", "expires_in": 1800, "issued_at": "2026-01-01T00:00:00Z"}',
        (401, '{"errors": [{"code": "UNAUTHORIZED", "message": "unauthorized"}]}'),
        "https://goharbor.io/docs/main/working-with-projects/project-configuration/create-robot-accounts/ and "
        "https://github.com/goharbor/harbor/blob/main/src/server/middleware/v2auth/auth.go",
    ),
    Row(
        "Harbor on a LAN",
        _registry("harbor.lan:8080/library", "robot$ci", insecure=True),
        'Bearer realm="http://harbor.lan:8080/service/token",service="harbor-registry"',
        '{"token": "%", "expires_in": 1800}',
        (401, '{"errors": [{"code": "UNAUTHORIZED", "message": "unauthorized"}]}'),
        "https://goharbor.io/docs/main/install-config/run-installer-script/#connect-http",
    ),
    Row(
        "GitLab.com",
        _registry("registry.gitlab.com/acme/app", "gitlab-ci-token"),
        'Bearer realm="https://gitlab.com/jwt/auth",service="container_registry",scope="repository:acme/app:pull"',
        '{"token": "%"}',
        (403, '{"errors": [{"code": "DENIED", "message": "access forbidden"}]}'),
        "https://docs.gitlab.com/user/packages/container_registry/authenticate_with_container_registry/",
    ),
    Row(
        "GitLab on a LAN",
        _registry("registry.lan:5050/acme", "deploy", insecure=True, auth_realm="http://gitlab.lan"),
        'Bearer realm="http://gitlab.lan/jwt/auth",service="container_registry"',
        '{"token": "%"}',
        (403, '{"errors": [{"code": "DENIED", "message": "access forbidden"}]}'),
        "https://docs.gitlab.com/administration/packages/container_registry/",
    ),
    Row(
        "a self-managed GitLab",
        _registry("registry.acme.example", "deploy", auth_realm="https://gitlab.acme.example"),
        'Bearer realm="https://gitlab.acme.example/jwt/auth",service="container_registry"',
        '{"token": "%"}',
        (401, '{"errors": [{"code": "UNAUTHORIZED", "message": "HTTP Basic: Access denied"}]}'),
        "https://docs.gitlab.com/administration/packages/container_registry/",
    ),
]

WITH_TOKENS = [row for row in ROWS if row.answer is not None]

rows = pytest.mark.parametrize("row", ROWS, ids=[row.kind for row in ROWS])
tokens = pytest.mark.parametrize("row", WITH_TOKENS, ids=[row.kind for row in WITH_TOKENS])


@pytest.fixture
def routed(scripted: Scripted, transport: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The transport, whose every host is the scripted server: ``https://a.b/c`` is its ``/https/a.b/c``."""
    stream = transport.stream

    @asynccontextmanager
    async def elsewhere(method: str, url: str, **options: Any) -> AsyncIterator[Streamed]:
        parts = urlsplit(url)
        query = f"?{parts.query}" if parts.query else ""
        there = f"http://{scripted.host}/{parts.scheme}/{parts.netloc}{parts.path}{query}"
        async with stream(method, there, **options) as answer:
            yield answer

    monkeypatch.setattr(transport, "stream", elsewhere)
    return transport


def _serve(row: Row, scripted: Scripted, *, password: str = PASSWORD) -> str:
    """Have the server be that registry, which takes this password; the path of its token service."""
    basic = f"Basic {base64.b64encode(f'{row.registry.username}:{password}'.encode()).decode()}"
    wanted = basic if row.answer is None else f"Bearer token-of-{row.kind.replace(' ', '-')}"

    async def registry(request: web.Request) -> web.StreamResponse:
        given = request.headers.get("Authorization")
        if given is None:
            return web.Response(status=401, headers={"WWW-Authenticate": row.challenge})
        return web.Response() if given == wanted else web.Response(status=row.refusal[0], text=row.refusal[1])

    async def give_out(request: web.Request) -> web.StreamResponse:
        if row.answer is None or request.headers.get("Authorization") != basic:
            return web.Response(status=row.refusal[0], text=row.refusal[1])
        return web.Response(text=row.answer.replace("%", wanted.partition(" ")[2]))

    scheme = "http" if row.registry.insecure else "https"
    host = row.api or row.registry.prefix.partition("/")[0]
    scripted.answers[f"HEAD /{scheme}/{host}/v2/team/app/blobs/{DIGEST}"] = registry
    realm = urlsplit(challenges.parse(row.challenge)[0].parameters["realm"])
    path = f"/{realm.scheme}/{realm.netloc}{realm.path}"
    if row.answer is not None:
        scripted.answers[f"GET {path}"] = give_out
    return path


def _repository(row: Row, transport: Any, registry: Registry | None = None) -> Repository:
    known = registry or row.registry
    return Repository(RegistryClient(transport, known.prefix.partition("/")[0], known), "team/app", (SCOPE,))


@rows
async def test_the_login_is_taken(row: Row, scripted: Scripted, routed: Any) -> None:
    path = _serve(row, scripted)
    repository = _repository(row, routed)
    assert await repository.has(DIGEST)
    assert await repository.has(DIGEST)
    asked = [request for request in scripted.requests if request.path == path]
    assert len(asked) == (row.answer is not None)
    for request in asked:
        service = challenges.parse(row.challenge)[0].parameters["service"]
        assert dict(request.query) == {"service": service, "scope": SCOPE}


@rows
async def test_a_login_that_is_not_taken_is_said(row: Row, scripted: Scripted, routed: Any) -> None:
    _serve(row, scripted, password="another")
    with pytest.raises(RegistryAuthError) as caught:
        await _repository(row, routed).has(DIGEST)
    assert caught.value.registry == row.registry.prefix.partition("/")[0]
    assert PASSWORD not in str(caught.value)
    assert base64.b64encode(PASSWORD.encode()).decode()[:-4] not in str(caught.value)


@tokens
async def test_no_other_registry_gets_at_that_login_by_the_same_words(
    row: Row, scripted: Scripted, routed: Any
) -> None:
    path = _serve(row, scripted)
    impostor = Registry("registry.evil.test", "victim", PASSWORD)

    async def asks(request: web.Request) -> web.StreamResponse:
        return web.Response(status=401, headers={"WWW-Authenticate": row.challenge})

    scripted.answers[f"HEAD /https/registry.evil.test/v2/team/app/blobs/{DIGEST}"] = asks
    with pytest.raises(RegistryAuthError):
        await _repository(row, routed, impostor).has(DIGEST)
    assert path not in {request.path for request in scripted.requests}


@tokens
async def test_a_token_service_is_trusted_at_no_other_port(row: Row, routed: Any) -> None:
    offered = challenges.parse(row.challenge)[0]
    realm = urlsplit(offered.parameters["realm"])
    moved = realm._replace(netloc=f"{realm.hostname}:4443").geturl()
    url = RegistryClient(routed, row.registry.prefix.partition("/")[0], row.registry).url
    with pytest.raises(RegistryAuthError, match="sends logins to"):
        challenges.token_url(url, challenges.Challenge("bearer", {"realm": moved}), (SCOPE,), row.registry.auth_realm)


def test_every_row_has_a_source() -> None:
    assert all(row.source.startswith("https://") for row in ROWS)
    assert len({row.kind for row in ROWS}) == len(ROWS)


async def test_what_az_acr_login_left_behind_is_exchanged(scripted: Scripted, routed: Any, docker_config: Path) -> None:
    """https://azure.github.io/acr/AAD-OAuth.html, "Calling POST /oauth2/token to get an ACR access token"."""
    row = next(row for row in ROWS if row.kind.startswith("Azure"))
    host = row.registry.prefix
    path = _serve(row, scripted)
    entry: Mapping[str, str] = {"auth": base64.b64encode(b"0000:").decode(), "identitytoken": "a-refresh-token"}
    (docker_config / "config.json").write_text(json.dumps({"auths": {host: entry}}))

    async def exchange(request: web.Request) -> web.StreamResponse:
        return web.json_response({"access_token": f"token-of-{row.kind.replace(' ', '-')}"})

    scripted.answers[f"POST {path}"] = exchange
    assert await _repository(row, routed, Registry(host)).has(DIGEST)
    assert parse_qs(scripted.bodies[1].decode()) == {
        "grant_type": ["refresh_token"],
        "service": [host],
        "scope": [SCOPE],
        "client_id": ["chamber-run"],
        "refresh_token": ["a-refresh-token"],
    }
    assert "Authorization" not in scripted.requests[1].headers
