"""The call for registries and the like: one exchange with any host, piece by piece, both ways."""

from __future__ import annotations

import asyncio
import gzip
import socket

import pytest
from aiohttp import web

from chamber.core import ClientClosedError, TransportError, UnexpectedResponseError, ValidationError
from chamber.core.settings import Settings
from chamber.core.transport import Transport


@pytest.fixture
async def transport(token):
    made = Transport(Settings(token, "https://api.invalid/v1", "org_1"))
    yield made
    await made.close()


async def test_a_body_comes_piece_by_piece(transport, api, said):
    content = bytes(range(256)) * 1000
    api.answers(said(content, headers={"Docker-Content-Digest": "sha256:1"}))
    async with transport.stream("GET", f"{api.origin}/v2/blob") as streamed:
        pieces = [piece async for piece in streamed.chunks()]
    assert b"".join(pieces) == content
    assert len(pieces) > 1
    assert max(map(len, pieces)) <= 64 << 10
    assert (streamed.status, streamed.headers["docker-content-digest"]) == (200, "sha256:1")


async def test_a_body_goes_piece_by_piece(transport, api):
    async def pieces():
        for number in range(10):
            yield bytes([number]) * 10_000

    async with transport.stream(
        "PUT", f"{api.origin}/v2/blob", headers={"Content-Length": "100000"}, body=pieces
    ) as streamed:
        await streamed.read()
    (seen,) = api.requests
    assert seen.body == b"".join(bytes([number]) * 10_000 for number in range(10))
    assert seen.headers["content-length"] == "100000"
    assert "transfer-encoding" not in seen.headers


async def test_bytes_are_sent_as_they_are(transport, api):
    async with transport.stream("POST", f"{api.origin}/v2/", body=b"abc") as streamed:
        await streamed.read()
    assert api.requests[0].body == b"abc"


async def test_a_stranger_gets_nothing_of_ours(transport, api):
    async with transport.stream("GET", f"{api.origin}/v2/", headers={"X-Theirs": "1"}) as streamed:
        await streamed.read()
    headers = api.requests[0].headers
    assert headers["x-theirs"] == "1"
    assert not {"authorization", "x-organization-id", "cookie", "x-request-id"} & set(headers)


@pytest.mark.parametrize("status", [301, 307, 401, 404, 500, 503])
async def test_every_status_is_handed_over_and_nothing_is_repeated_or_followed(transport, api, said, status):
    api.answers(said(b"x", status, {"Location": f"{api.origin}/other"}))
    async with transport.stream("GET", f"{api.origin}/v2/") as streamed:
        assert streamed.status == status
    assert len(api.requests) == 1


async def test_reading_stops_at_the_limit(transport, api, said):
    api.answers(said(gzip.compress(b" " * (8 << 20)), headers={"Content-Encoding": "gzip"}))
    async with transport.stream("GET", f"{api.origin}/v2/") as streamed:
        with pytest.raises(UnexpectedResponseError, match="longer than 1000 bytes") as caught:
            await streamed.read(1000)
    assert caught.value.url == f"{api.origin}/v2/"


async def test_a_body_that_breaks_off_is_a_transport_error(transport, api):
    async def half(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"x" * 10)
        assert request.transport
        request.transport.abort()
        return response

    api.answers(half)
    async with transport.stream("GET", f"{api.origin}/v2/") as streamed:
        with pytest.raises(TransportError) as caught:
            await streamed.read()
    assert caught.value.sent


@pytest.mark.parametrize("failure", [ValueError("mine"), FileNotFoundError("mine"), TimeoutError("mine")])
async def test_what_the_caller_raises_inside_is_the_callers(transport, api, failure):
    with pytest.raises(type(failure), match="mine") as caught:
        async with transport.stream("GET", f"{api.origin}/v2/"):
            raise failure
    assert caught.value is failure


async def test_the_deadline_holds_until_the_body_is_read(transport, api):
    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b".")
            await asyncio.sleep(0.01)

    api.answers(drip)
    with pytest.raises(TransportError, match=r"0\.2 s"):
        async with transport.stream("GET", f"{api.origin}/v2/", timeout=0.2) as streamed:
            await streamed.read()


async def test_a_host_that_is_not_there_was_certainly_not_reached(transport):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(TransportError) as caught:
        async with transport.stream("GET", f"http://127.0.0.1:{port}/v2/"):
            raise AssertionError
    assert caught.value.sent is False


async def test_a_header_with_a_line_break_is_refused(transport, api):
    with pytest.raises(ValidationError, match="X-Theirs"):
        async with transport.stream("GET", f"{api.origin}/v2/", headers={"X-Theirs": "a\nb: c"}):
            raise AssertionError
    assert api.requests == []


async def test_a_url_is_sent_as_it_is_written(transport, api):
    async with transport.stream("GET", f"{api.origin}/v2/a%2Fb/%2e%2e/c?x=%2B") as streamed:
        await streamed.read()
    assert api.requests[0].target == "/v2/a%2Fb/%2e%2e/c?x=%2B"


@pytest.mark.parametrize(
    "url", ["", "nonsense", "ftp://127.0.0.1/", "http://", "http://127.0.0.1:99999/", "http://[::1"]
)
async def test_a_url_that_is_none_is_a_transport_error(transport, url):
    with pytest.raises(TransportError) as caught:
        async with transport.stream("GET", url):
            raise AssertionError
    assert caught.value.sent is False


async def test_a_closed_transport_streams_nothing(transport, api):
    await transport.close()
    with pytest.raises(ClientClosedError):
        async with transport.stream("GET", f"{api.origin}/v2/"):
            raise AssertionError
