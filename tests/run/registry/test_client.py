"""What no well-behaved registry does: a scripted one, on this machine."""

import asyncio
import base64
import hashlib
import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from scripted import Handler, Scripted, answering

from chamber.core.errors import ClientClosedError, ConfigurationError, DockerError, PluginError
from chamber.run.errors import RegistryAuthError
from chamber.run.images.layers import Layer, pack_entries
from chamber.run.registry.client import RegistryClient
from chamber.run.registry.manifests import Descriptor
from chamber.run.registry.repository import Repository
from chamber.run.targets import Registry

BLOB = b"the content of a blob" * 1000
DIGEST = f"sha256:{hashlib.sha256(BLOB).hexdigest()}"
DESCRIPTOR = Descriptor("application/vnd.oci.image.layer.v1.tar+gzip", DIGEST, len(BLOB))
PASSWORD = "very secret"


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


async def test_closing_the_client_ends_the_wait_before_the_next_try(
    scripted: Scripted, repository: Repository, transport: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = asyncio.Event()

    async def for_ever(_seconds: float) -> None:
        waiting.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(transport.clock, "sleep", for_ever)
    scripted.answers["POST /v2/team/app/blobs/uploads/"] = answering(503, "<html>busy</html>", Retry_After="7")
    upload = asyncio.create_task(repository.put_layer(_layer()))
    await waiting.wait()
    await transport.close()
    with pytest.raises(ClientClosedError):
        await upload
    assert len(scripted.requests) == 1


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


def _bearer(scripted: Scripted, **parameters: str) -> str:
    named = "".join(f',{name}="{value}"' for name, value in parameters.items())
    return f'Bearer realm="http://{scripted.host}/token"{named}'


async def test_a_token_is_renewed_before_it_runs_out(
    scripted: Scripted, repository: Repository, transport: Any
) -> None:
    path = f"HEAD /v2/team/app/blobs/{DIGEST}"
    _guard(scripted, path, answering())
    scripted.answers["GET /token"] = answering(body='{"token": "tok-1", "expires_in": 300}')
    assert await repository.has(DIGEST)
    transport.clock.time += 269
    assert await repository.has(DIGEST)
    assert scripted.calls().count("GET /token") == 1
    transport.clock.time += 2
    assert await repository.has(DIGEST)
    assert scripted.calls() == [path, "GET /token", path, path, "GET /token", path]


@pytest.mark.parametrize(("told", "lasts"), [("", 54), (', "expires_in": "100"', 90), (', "expires_in": null', 54)])
async def test_a_token_that_says_nothing_lasts_a_minute(
    scripted: Scripted, repository: Repository, transport: Any, told: str, lasts: int
) -> None:
    _guard(scripted, f"HEAD /v2/team/app/blobs/{DIGEST}", answering())
    scripted.answers["GET /token"] = answering(body=f'{{"token": "tok-1"{told}}}')
    for passed, fetched in ((0, 1), (lasts - 1, 1), (2, 2)):
        transport.clock.time += passed
        await repository.has(DIGEST)
        assert scripted.calls().count("GET /token") == fetched


async def test_a_large_upload_of_a_token_that_ran_out_is_not_begun_in_vain(
    scripted: Scripted, repository: Repository, transport: Any
) -> None:
    _guard(scripted, "POST /v2/team/app/blobs/uploads/", answering(202, Location="/put"))
    scripted.answers["GET /token"] = answering(body='{"token": "tok-1", "expires_in": 60}')
    scripted.answers["PUT /put"] = answering(201)
    await repository.put_layer(_layer())
    transport.clock.time += 120
    await repository.put_layer(_layer())
    assert scripted.calls().count("PUT /put") == 2


async def test_challenges_may_come_in_several_lines(scripted: Scripted, repository: Repository) -> None:
    async def asks(request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") == "Bearer tok-1":
            return web.Response()
        answer = web.Response(status=401)
        answer.headers.add("WWW-Authenticate", 'Basic realm="x"')
        answer.headers.add("WWW-Authenticate", _bearer(scripted))
        return answer

    scripted.answers[f"HEAD /v2/team/app/blobs/{DIGEST}"] = asks
    scripted.answers["GET /token"] = answering(body='{"token": "tok-1"}')
    assert await repository.has(DIGEST)


def _only(scripted: Scripted, *allowed: str) -> Handler:
    """A token service that takes only these passwords."""

    async def answer(request: web.Request) -> web.StreamResponse:
        given = base64.b64decode(request.headers.get("Authorization", "Basic ").partition(" ")[2]).decode()
        if given.partition(":")[2] in allowed:
            return web.json_response({"token": f"tok-{given.partition(':')[2]}"})
        return web.Response(status=401)

    return answer


def _known(transport: Any, scripted: Scripted, registry: Registry) -> Repository:
    return Repository(RegistryClient(transport, scripted.host, registry), "team/app", ("repository:team/app:push",))


def _docker_login(folder: Path, host: str, password: str) -> None:
    entry = {"auth": base64.b64encode(f"docker:{password}".encode()).decode()}
    (folder / "config.json").write_text(json.dumps({"auths": {host: entry}}))


async def test_where_dockers_login_ran_out_that_of_the_cloud_is_taken(
    scripted: Scripted, transport: Any, docker_config: Path
) -> None:
    _docker_login(docker_config, scripted.host, "stale-password")
    asked: list[int] = []

    def login() -> tuple[str, str]:
        asked.append(1)
        return "AWS", "fresh-password"

    repository = _known(transport, scripted, Registry(scripted.host, login=login))
    _guard(scripted, f"HEAD /v2/team/app/blobs/{DIGEST}", answering(), "tok-fresh-password")
    scripted.answers["GET /token"] = _only(scripted, "fresh-password")
    assert await repository.has(DIGEST)
    assert await repository.has(DIGEST)
    assert len(asked) == 1
    assert repository.login is not None
    assert repository.login.username == "AWS"


async def test_a_login_that_is_forbidden_what_the_next_may_is_left(
    scripted: Scripted, transport: Any, docker_config: Path
) -> None:
    """Basic, and 403 for a token that has expired: so does ECR."""
    _docker_login(docker_config, scripted.host, "stale-password")

    async def guarded(request: web.Request) -> web.StreamResponse:
        given = request.headers.get("Authorization")
        if given is None:
            return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="x",service="ecr"'})
        fresh = base64.b64decode(given.partition(" ")[2]).decode() == "AWS:fresh-password"
        expired = '{"errors": [{"code": "DENIED", "message": "Your Authorization Token has expired"}]}'
        return (
            web.Response(status=202, headers={"Location": "/put"}) if fresh else web.Response(status=403, text=expired)
        )

    scripted.answers["POST /v2/team/app/blobs/uploads/"] = guarded
    scripted.answers["PUT /put"] = answering(201)
    known = Registry(scripted.host, login=lambda: ("AWS", "fresh-password"))
    await _known(transport, scripted, known).put_layer(_layer())
    assert scripted.bodies[-1] == BLOB


async def test_dockers_login_is_enough_where_it_is_taken(
    scripted: Scripted, transport: Any, docker_config: Path
) -> None:
    _docker_login(docker_config, scripted.host, "good-password")
    _guard(scripted, f"HEAD /v2/team/app/blobs/{DIGEST}", answering(), "tok-good-password")
    scripted.answers["GET /token"] = _only(scripted, "good-password")
    known = Registry(scripted.host, login=lambda: pytest.fail("the cloud was asked"))
    assert await _known(transport, scripted, known).has(DIGEST)


async def test_a_public_image_is_read_although_the_login_ran_out(
    scripted: Scripted, transport: Any, docker_config: Path
) -> None:
    _docker_login(docker_config, scripted.host, "stale-password")
    _guard(scripted, f"HEAD /v2/team/app/blobs/{DIGEST}", answering())

    async def tokens(request: web.Request) -> web.StreamResponse:
        return web.Response(status=401) if "Authorization" in request.headers else web.json_response({"token": "tok-1"})

    scripted.answers["GET /token"] = tokens
    assert await _known(transport, scripted, Registry(scripted.host)).has(DIGEST)


async def test_all_who_were_refused_are_named_and_why_the_cloud_knew_nobody(
    scripted: Scripted, transport: Any, docker_config: Path
) -> None:
    _docker_login(docker_config, scripted.host, "stale-password")

    def login() -> tuple[str, str]:
        raise ConfigurationError("run `aws configure`")

    scripted.answers[f"HEAD /v2/team/app/blobs/{DIGEST}"] = answering(401, WWW_Authenticate=_bearer(scripted))
    scripted.answers["GET /token"] = answering(401)
    with pytest.raises(RegistryAuthError) as caught:
        await _known(transport, scripted, Registry(scripted.host, "ada", PASSWORD, login=login)).has(DIGEST)
    assert "'ada' and the login of 'docker' is not accepted" in caught.value.detail
    assert "run `aws configure`" in caught.value.detail
    assert not {PASSWORD, "stale-password"} & set(str(caught.value).split())
    assert caught.value.registry == scripted.host


async def test_a_plugin_that_breaks_is_named_without_what_it_says(scripted: Scripted, transport: Any) -> None:
    def login() -> tuple[str, str]:
        raise RuntimeError("hunter2")

    scripted.answers[f"HEAD /v2/team/app/blobs/{DIGEST}"] = answering(401, WWW_Authenticate='Basic realm="x"')
    with pytest.raises(PluginError, match=r"login\(\) of its Registry: RuntimeError$"):
        await _known(transport, scripted, Registry(scripted.host, login=login)).has(DIGEST)


async def test_what_is_known_of_another_host_is_not_used(scripted: Scripted, transport: Any) -> None:
    scripted.answers[f"HEAD /v2/team/app/blobs/{DIGEST}"] = answering(401, WWW_Authenticate='Basic realm="x"')
    other = Registry("registry.example.com", "ada", PASSWORD, login=lambda: pytest.fail("asked"))
    with pytest.raises(RegistryAuthError, match="it wants a login"):
        await _known(transport, scripted, other).has(DIGEST)
    assert all("Authorization" not in request.headers for request in scripted.requests)


async def test_a_registry_that_never_has_enough_of_tokens_is_left(scripted: Scripted, repository: Repository) -> None:
    count = iter(range(100))

    async def another(request: web.Request) -> web.StreamResponse:
        return web.json_response({"token": f"tok-{next(count)}"})

    scripted.answers[f"HEAD /v2/team/app/blobs/{DIGEST}"] = answering(401, WWW_Authenticate=_bearer(scripted))
    scripted.answers["GET /token"] = another
    with pytest.raises(RegistryAuthError):
        await repository.has(DIGEST)
    assert len(scripted.requests) < 8


@pytest.mark.parametrize("location", ["http://[", "http://x:bad/", "", "https://["])
async def test_a_location_that_is_no_url_is_refused(scripted: Scripted, repository: Repository, location: str) -> None:
    scripted.answers["POST /v2/team/app/blobs/uploads/"] = answering(202, Location=location)
    with pytest.raises(DockerError):
        await repository.put_layer(_layer())


@pytest.mark.parametrize("status", [202, 204])
async def test_a_push_is_tried_and_given_up(scripted: Scripted, repository: Repository, status: int) -> None:
    scripted.answers["POST /v2/team/app/blobs/uploads/"] = answering(202, Location="/upload/1")
    scripted.answers["DELETE /upload/1"] = answering(status)
    await repository.require_push()
    assert scripted.calls() == ["POST /v2/team/app/blobs/uploads/", "DELETE /upload/1"]


@pytest.mark.parametrize("location", ["/upload/1", "https://elsewhere.test/upload/1"])
async def test_an_upload_that_cannot_be_given_up_is_left_to_the_registry(
    scripted: Scripted, repository: Repository, location: str
) -> None:
    scripted.answers["POST /v2/team/app/blobs/uploads/"] = answering(202, Location=location)
    scripted.answers["DELETE /upload/1"] = answering(403)
    await repository.require_push()


async def test_a_push_that_is_not_allowed_is_said_at_once(scripted: Scripted, repository: Repository) -> None:
    scripted.answers["POST /v2/team/app/blobs/uploads/"] = [
        answering(401, WWW_Authenticate='Basic realm="x"'),
        answering(403, '{"errors": [{"code": "DENIED", "message": "read only"}]}'),
    ]
    with pytest.raises(RegistryAuthError, match="read only"):
        await repository.require_push()


async def test_a_push_to_a_real_registry_is_tried(guarded_registry: Registry, transport: Any) -> None:
    client = RegistryClient(transport, guarded_registry.prefix, guarded_registry)
    repository = Repository(client, "tried/app", ("repository:tried/app:pull,push",))
    await repository.require_push()
    assert repository.login is not None
    assert [method for method, _ in transport.exchanges] == ["POST", "POST", "DELETE"]
    wrong = Registry(guarded_registry.prefix, "ada", "wrong")
    with pytest.raises(RegistryAuthError, match="'ada' is not accepted"):
        await Repository(RegistryClient(transport, wrong.prefix, wrong), "tried/app").require_push()


async def test_a_repository_is_made_once_when_a_push_finds_none(scripted: Scripted, transport: Any) -> None:
    made: list[str] = []
    unknown = answering(404, '{"errors": [{"code": "NAME_UNKNOWN"}]}')

    async def post(request: web.Request) -> web.StreamResponse:
        return await (answering(202, Location="/put") if made else unknown)(request)

    scripted.answers["POST /v2/team/app/blobs/uploads/"] = post
    scripted.answers["PUT /put"] = answering(201)
    repository = _known(transport, scripted, Registry(scripted.host, create_repository=made.append))
    await asyncio.gather(*(repository.put_layer(_layer()) for _ in range(3)))
    assert made == ["team/app"]


async def test_a_repository_that_cannot_be_made_is_said(scripted: Scripted, transport: Any) -> None:
    def create(path: str) -> None:
        raise DockerError(f"AWS refuses {path}")

    repository = _known(transport, scripted, Registry(scripted.host, create_repository=create))
    with pytest.raises(DockerError, match="AWS refuses team/app"):
        await repository.require_push()
    scripted.answers["POST /v2/team/app/blobs/uploads/"] = answering(403, "denied (or it may not exist)")
    with pytest.raises(RegistryAuthError, match="may not exist"):
        await repository.require_push()


@pytest.mark.parametrize(("status", "there"), [(200, True), (404, False), (403, False), (405, False)])
async def test_a_look_for_a_blob_follows_to_where_it_lies(
    scripted: Scripted, repository: Repository, status: int, there: bool
) -> None:
    scripted.answers[f"HEAD /v2/team/app/blobs/{DIGEST}"] = answering(307, Location="/bucket")
    scripted.answers["HEAD /bucket"] = answering(status)
    assert await repository.has(DIGEST) is there


async def test_it_is_told_how_far_a_large_layer_is(scripted: Scripted, repository: Repository) -> None:
    content = bytes(20 << 20)
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    scripted.answers["POST /v2/team/app/blobs/uploads/"] = answering(202, Location="/put")
    scripted.answers["PUT /put"] = [answering(503), answering(201)]
    told: list[int] = []

    async def moved(done: int) -> None:
        told.append(done)

    await repository.put_layer(Layer(digest, digest, len(content), "project", BytesIO(content)), moved)
    assert told == [8 << 20, 16 << 20] * 2
    await repository.put_layer(_layer(), moved)
    assert len(told) == 4


async def test_a_manifest_says_what_it_is_where_the_registry_does_not(
    scripted: Scripted, repository: Repository
) -> None:
    body = '{"mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []}'
    scripted.answers["GET /v2/team/app/manifests/latest"] = answering(body=body, Content_Type="application/json")
    with pytest.raises(DockerError, match="no platform at all"):
        await repository.image("latest", "linux/amd64")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []}', "says to be"),
        ('{"manifests": [], "layers": []}', "image and index at once"),
    ],
)
async def test_a_manifest_that_is_two_things_is_refused(
    scripted: Scripted, repository: Repository, body: str, said: str
) -> None:
    kind = "application/vnd.oci.image.manifest.v1+json"
    scripted.answers["GET /v2/team/app/manifests/latest"] = answering(body=body, Content_Type=kind)
    with pytest.raises(DockerError, match=said):
        await repository.image("latest", "linux/amd64")
