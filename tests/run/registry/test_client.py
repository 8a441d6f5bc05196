"""What no well-behaved registry does: a scripted one, on this machine."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from io import BytesIO
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from chamber.core.errors import DockerError
from chamber.run.errors import RegistryAuthError
from chamber.run.images.layers import Layer, pack_entries
from chamber.run.registry.client import RegistryClient
from chamber.run.registry.manifests import Descriptor
from chamber.run.registry.repository import Repository
from chamber.run.targets import Registry

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

BLOB = b"the content of a blob" * 1000
DIGEST = f"sha256:{hashlib.sha256(BLOB).hexdigest()}"
DESCRIPTOR = Descriptor("application/vnd.oci.image.layer.v1.tar+gzip", DIGEST, len(BLOB))
PASSWORD = "very secret"


class Scripted:
    """A registry that answers as each test has it."""

    def __init__(self) -> None:
        self.answers: dict[str, Handler | list[Handler]] = {}
        self.requests: list[web.Request] = []
        self.bodies: list[bytes] = []
        self.host = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        self.bodies.append(await request.read())
        handler = self.answers.get(f"{request.method} {request.path}")
        if isinstance(handler, list):
            handler = handler.pop(0) if len(handler) > 1 else handler[0]
        return await handler(request) if handler else web.Response(status=404)

    def calls(self) -> list[str]:
        return [f"{request.method} {request.path}" for request in self.requests]


def answering(status: int = 200, body: bytes | str = b"", **headers: str) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        content = body.encode() if isinstance(body, str) else body
        return web.Response(status=status, body=content, headers={k.replace("_", "-"): v for k, v in headers.items()})

    return answer


@pytest.fixture
async def scripted() -> AsyncIterator[Scripted]:
    script = Scripted()
    app = web.Application(client_max_size=1 << 26)
    app.router.add_route("*", "/{path:.*}", script.answer)
    async with TestServer(app, host="127.0.0.1") as server:
        script.host = f"127.0.0.1:{server.port}"
        yield script


@pytest.fixture
def repository(scripted: Scripted, transport: Any) -> Repository:
    known = Registry(scripted.host, "ada", PASSWORD)
    return Repository(RegistryClient(transport, scripted.host, known), "team/app", ("repository:team/app:pull,push",))


def _layer() -> Layer:
    return Layer(DIGEST, DIGEST, len(BLOB), "project", BytesIO(BLOB))


def _guard(scripted: Scripted, path: str, then: Handler, token: str = "tok-1") -> None:
    """Have `path` ask for a bearer token, and give one out."""

    async def guarded(request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") == f"Bearer {token}":
            return await then(request)
        realm = f'Bearer realm="http://{scripted.host}/token",service="reg"'
        return web.Response(status=401, headers={"WWW-Authenticate": realm})

    scripted.answers[path] = guarded
    scripted.answers["GET /token"] = answering(body=f'{{"token": "{token}"}}')


async def test_a_token_is_fetched_once_with_the_login_and_kept(scripted: Scripted, repository: Repository) -> None:
    _guard(scripted, f"HEAD /v2/team/app/blobs/{DIGEST}", answering())
    assert await repository.has(DIGEST)
    assert await repository.has(DIGEST)
    path = f"HEAD /v2/team/app/blobs/{DIGEST}"
    assert scripted.calls() == [path, "GET /token", path, path]
    asked = scripted.requests[1]
    assert dict(asked.query) == {"service": "reg", "scope": "repository:team/app:pull,push"}
    assert asked.headers["Authorization"] == f"Basic {base64.b64encode(b'ada:very secret').decode()}"


async def test_many_at_once_fetch_one_token(scripted: Scripted, repository: Repository) -> None:
    _guard(scripted, f"HEAD /v2/team/app/blobs/{DIGEST}", answering())
    assert all(await asyncio.gather(*(repository.has(DIGEST) for _ in range(8))))
    assert scripted.calls().count("GET /token") == 1


async def test_a_token_that_has_expired_is_fetched_again(scripted: Scripted, repository: Repository) -> None:
    path = f"HEAD /v2/team/app/blobs/{DIGEST}"
    _guard(scripted, path, answering(), "old")
    assert await repository.has(DIGEST)
    _guard(scripted, path, answering(), "new")
    assert await repository.has(DIGEST)


async def test_an_upload_whose_token_expires_is_started_again(scripted: Scripted, repository: Repository) -> None:
    _guard(scripted, "POST /v2/team/app/blobs/uploads/", answering(202, Location="/put"), "old")
    asks = f'Bearer realm="http://{scripted.host}/token"'
    scripted.answers["PUT /put"] = [answering(401, WWW_Authenticate=asks), answering(201)]
    scripted.answers["GET /token"] = [answering(body='{"token": "old"}'), answering(body='{"access_token": "new"}')]
    scripted.answers["POST /v2/team/app/blobs/uploads/"] = answering(202, Location="/put")
    first = scripted.answers["POST /v2/team/app/blobs/uploads/"]
    assert callable(first)
    await repository.put_layer(_layer())
    assert scripted.calls().count("POST /v2/team/app/blobs/uploads/") == 2
    assert scripted.bodies[-1] == BLOB


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_token_is_an_auth_error(scripted: Scripted, repository: Repository, status: int) -> None:
    _guard(scripted, f"HEAD /v2/team/app/blobs/{DIGEST}", answering())
    scripted.answers["GET /token"] = answering(status, PASSWORD)
    with pytest.raises(RegistryAuthError, match="'ada' is not accepted") as caught:
        await repository.has(DIGEST)
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"token": "a\\nb"}', '{"token": 5}', "<html>"])
async def test_a_token_service_that_talks_nonsense_is_named(
    scripted: Scripted, repository: Repository, body: str
) -> None:
    _guard(scripted, f"HEAD /v2/team/app/blobs/{DIGEST}", answering())
    scripted.answers["GET /token"] = answering(body=body)
    with pytest.raises(DockerError, match="token service"):
        await repository.has(DIGEST)


async def test_a_strange_realm_gets_nothing(scripted: Scripted, repository: Repository) -> None:
    asks = 'Bearer realm="https://evil.test/token"'
    scripted.answers[f"HEAD /v2/team/app/blobs/{DIGEST}"] = answering(401, WWW_Authenticate=asks)
    with pytest.raises(RegistryAuthError, match=r"evil\.test"):
        await repository.has(DIGEST)
    assert len(scripted.requests) == 1


async def test_a_token_service_is_not_followed_elsewhere(scripted: Scripted, repository: Repository) -> None:
    _guard(scripted, f"HEAD /v2/team/app/blobs/{DIGEST}", answering())
    scripted.answers["GET /token"] = answering(307, Location="/other")
    with pytest.raises(DockerError, match="answered 307"):
        await repository.has(DIGEST)
    assert "GET /other" not in scripted.calls()


async def test_forbidden_says_what_the_registry_says_without_the_password(
    scripted: Scripted, repository: Repository
) -> None:
    scripted.answers["POST /v2/team/app/blobs/uploads/"] = [
        answering(401, WWW_Authenticate='Basic realm="x"'),
        answering(403, f'{{"errors": [{{"code": "DENIED", "message": "not\\nyours, {PASSWORD}"}}]}}'),
    ]
    with pytest.raises(RegistryAuthError, match=r"not yours, \*\*\*"):
        await repository.put_layer(_layer())


async def test_a_location_may_be_relative_and_have_a_query(scripted: Scripted, repository: Repository) -> None:
    scripted.answers["POST /v2/team/app/blobs/uploads/"] = answering(202, Location="7?_state=a%2Fb")
    scripted.answers["PUT /v2/team/app/blobs/uploads/7"] = answering(201)
    await repository.put_layer(_layer())
    assert dict(scripted.requests[-1].query) == {"_state": "a/b", "digest": DIGEST}
    assert scripted.requests[-1].headers["Content-Length"] == str(len(BLOB))


@pytest.mark.parametrize("location", ["https://evil.test/put", "//evil.test/put", "http://x@127.0.0.1/put"])
async def test_an_upload_goes_to_no_other_host(scripted: Scripted, repository: Repository, location: str) -> None:
    scripted.answers["POST /v2/team/app/blobs/uploads/"] = answering(202, Location=location)
    with pytest.raises(DockerError, match="which is refused"):
        await repository.put_layer(_layer())


@pytest.mark.parametrize("status", [429, 500, 502, 503])
async def test_an_upload_is_started_again_as_a_whole(scripted: Scripted, repository: Repository, status: int) -> None:
    scripted.answers["POST /v2/team/app/blobs/uploads/"] = answering(202, Location="/put")
    scripted.answers["PUT /put"] = [answering(status), answering(status), answering(201)]
    await repository.put_layer(_layer())
    assert scripted.calls() == ["POST /v2/team/app/blobs/uploads/", "PUT /put"] * 3
    assert scripted.bodies[-1] == BLOB


async def test_three_failures_are_enough(scripted: Scripted, repository: Repository, transport: Any) -> None:
    scripted.answers["POST /v2/team/app/blobs/uploads/"] = answering(503, "<html>busy</html>", Retry_After="7")
    with pytest.raises(DockerError, match="answered 503 to an upload to 127"):
        await repository.put_layer(_layer())
    assert len(scripted.requests) == 3
    assert all(7 <= slept <= 7.7 for slept in transport.clock.sleeps)


async def test_other_refusals_are_not_tried_again(scripted: Scripted, repository: Repository) -> None:
    scripted.answers["POST /v2/team/app/blobs/uploads/"] = answering(413, "x" * 200_000)
    with pytest.raises(DockerError, match="too large for this registry") as caught:
        await repository.put_layer(_layer())
    assert len(scripted.requests) == 1
    assert len(str(caught.value)) < 600


async def test_a_missing_repository_is_said_with_its_remedy(scripted: Scripted, repository: Repository) -> None:
    with pytest.raises(DockerError, match="create the repository"):
        await repository.put_layer(_layer())


async def _download(repository: Repository) -> bytes:
    return await repository._small_blob(DESCRIPTOR)


async def test_a_blob_is_followed_to_where_it_lies_without_the_login(
    scripted: Scripted, repository: Repository
) -> None:
    path = f"GET /v2/team/app/blobs/{DIGEST}"
    scripted.answers[path] = [
        answering(401, WWW_Authenticate='Basic realm="x"'),
        answering(307, Location=f"http://{scripted.host}/bucket?sig=1"),
    ]
    scripted.answers["GET /bucket"] = answering(302, Location="/bucket2")
    scripted.answers["GET /bucket2"] = answering(body=BLOB)
    assert await _download(repository) == BLOB
    assert ["Authorization" in request.headers for request in scripted.requests] == [False, True, False, False]


async def test_a_circle_of_redirects_ends(scripted: Scripted, repository: Repository) -> None:
    scripted.answers[f"GET /v2/team/app/blobs/{DIGEST}"] = answering(307, Location="/again")
    scripted.answers["GET /again"] = answering(307, Location="/again")
    with pytest.raises(DockerError, match="more than 3 times"):
        await _download(repository)
    assert len(scripted.requests) == 4


@pytest.mark.parametrize("location", ["http://evil.test/x", "file:///etc/passwd", "https://a:b@evil.test/x"])
async def test_a_blob_is_not_followed_where_nobody_should_go(
    scripted: Scripted, repository: Repository, location: str
) -> None:
    scripted.answers[f"GET /v2/team/app/blobs/{DIGEST}"] = answering(307, Location=location)
    with pytest.raises(DockerError, match="not https") as caught:
        await _download(repository)
    assert "a:b" not in str(caught.value)


@pytest.mark.parametrize("body", [BLOB[:-1], BLOB + b"x", b"X" + BLOB[1:], b""])
async def test_other_bytes_than_the_digest_says_are_refused(
    scripted: Scripted, repository: Repository, body: bytes
) -> None:
    scripted.answers[f"GET /v2/team/app/blobs/{DIGEST}"] = answering(body=body)
    with pytest.raises(DockerError, match="other bytes"):
        await _download(repository)


@pytest.mark.parametrize("body", [BLOB + b"x", b"X" + BLOB[1:]])
async def test_a_copy_of_wrong_bytes_is_refused_with_its_cause(
    scripted: Scripted, repository: Repository, transport: Any, body: bytes
) -> None:
    other = Repository(RegistryClient(transport, scripted.host.replace("127.0.0.1", "localhost")), "library/base")
    scripted.answers[f"GET /v2/library/base/blobs/{DIGEST}"] = answering(body=body)
    scripted.answers["POST /v2/team/app/blobs/uploads/"] = answering(202, Location="/put")
    scripted.answers["PUT /put"] = answering(400)
    with pytest.raises(DockerError, match="sent other bytes"):
        await repository.take(DESCRIPTOR, other)


async def test_a_mount_that_is_not_offered_becomes_an_upload(scripted: Scripted, repository: Repository) -> None:
    scripted.answers[f"GET /v2/library/base/blobs/{DIGEST}"] = answering(body=BLOB)
    scripted.answers["POST /v2/team/app/blobs/uploads/"] = answering(202, Location="/put")
    scripted.answers["PUT /put"] = answering(201)
    assert await repository.take(DESCRIPTOR, Repository(repository.client, "library/base"))
    assert scripted.bodies[-1] == BLOB
    assert scripted.requests[0].query["from"] == "library/base"


async def test_a_manifest_with_other_bytes_than_its_digest_is_refused(
    scripted: Scripted, repository: Repository
) -> None:
    scripted.answers[f"GET /v2/team/app/manifests/{DIGEST}"] = answering(body=b"{}")
    with pytest.raises(DockerError, match="other bytes"):
        await repository.image(DIGEST, "linux/amd64")


@pytest.mark.parametrize(
    ("kind", "body", "said"),
    [
        ("application/vnd.oci.image.manifest.v1+json", "{", "not understood"),
        ("application/vnd.oci.image.manifest.v1+json", '{"schemaVersion": 2}', "not understood"),
        ("application/vnd.docker.distribution.manifest.v1+prettyjws", "{}", "not an image"),
        ("text/html", "<html>", "not an image"),
        ("application/vnd.oci.image.index.v1+json", '{"manifests": []}', "no platform at all"),
        ("application/vnd.oci.image.manifest.v1+json", " " * (5 << 20), "more than is allowed"),
    ],
)
async def test_a_manifest_that_is_none_is_said(
    scripted: Scripted, repository: Repository, kind: str, body: str, said: str
) -> None:
    scripted.answers["GET /v2/team/app/manifests/latest"] = answering(body=body, Content_Type=kind)
    with pytest.raises(DockerError, match=said):
        await repository.image("latest", "linux/amd64")


async def test_a_registry_that_hides_the_digest_is_asked_for_the_manifest(
    scripted: Scripted, repository: Repository
) -> None:
    scripted.answers["HEAD /v2/team/app/manifests/t"] = answering(Docker_Content_Digest="../../evil")
    scripted.answers["GET /v2/team/app/manifests/t"] = answering(body=BLOB)
    assert await repository.find("t") == DIGEST


def test_plain_http_is_for_this_machine_or_for_those_who_ask_for_it(transport: Any) -> None:
    assert RegistryClient(transport, "localhost:5000").url == "http://localhost:5000"
    assert RegistryClient(transport, "10.0.0.1:5000").url == "https://10.0.0.1:5000"
    assert RegistryClient(transport, "10.0.0.1", Registry("10.0.0.1", insecure=True)).url == "http://10.0.0.1"
    assert RegistryClient(transport, "docker.io").url == "https://registry-1.docker.io"


async def test_a_layer_made_here_arrives_whole(scripted: Scripted, repository: Repository) -> None:
    scripted.answers["POST /v2/team/app/blobs/uploads/"] = answering(202, Location="/put")
    scripted.answers["PUT /put"] = answering(201)
    with pack_entries({"a": b"1" * 3_000_000}) as layer:
        await repository.put_layer(layer)
        assert f"sha256:{hashlib.sha256(scripted.bodies[-1]).hexdigest()}" == layer.digest
