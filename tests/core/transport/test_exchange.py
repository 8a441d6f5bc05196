"""Servers that misbehave below HTTP, and networks that are not there."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time

import aiohttp
import pytest

from chamber.core import (
    ChamberError,
    ConfigurationError,
    DeadlineExceeded,
    SubmissionUnknownError,
    TransportError,
    ValidationError,
)
from chamber.core.settings import Settings
from chamber.core.testing import FakeClock
from chamber.core.transport import Transport
from chamber.core.transport.exchange import Request

READY = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
WHOLE = b'{"id": "wl_1", "name": "train", "status": "RUNNING"}'


async def asked(reader: asyncio.StreamReader) -> bytes:
    return await reader.readuntil(b"\r\n\r\n")


def saying(*pieces: bytes, reset: bool = False):
    """A handler that reads a request, writes some bytes, and closes or resets the connection."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asked(reader)
        for piece in pieces:
            writer.write(piece)
        await writer.drain()
        if reset:
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    return handle


@pytest.fixture
def hurried(connect):
    """A blocking client whose waits take no time."""

    def make(url: str):
        client = connect(url)
        client._async._transport = Transport(client._async._settings, FakeClock())
        return client

    return make


@pytest.fixture
def nobody() -> str:
    """The URL of a port where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/v1"


def test_a_refused_connection_was_certainly_not_sent(hurried, nobody):
    client = hurried(nobody)
    with pytest.raises(TransportError, match="Could not be reached") as caught:
        client.get_workload("wl_1")
    assert caught.value.sent is False
    assert caught.value.method == "GET"
    assert isinstance(caught.value, ConnectionError)


def test_a_submission_that_was_certainly_not_sent_is_no_unknown_submission(hurried, nobody):
    with pytest.raises(TransportError) as caught:
        hurried(nobody).submit_job("train", "team", "H100")
    assert caught.value.sent is False


def test_an_unknown_host_was_certainly_not_asked(hurried):
    with pytest.raises(TransportError, match="Could not be reached") as caught:
        hurried("https://no-such-host.invalid/v1").cancel_workload("wl_1")
    assert caught.value.sent is False


def test_a_name_that_takes_too_long_was_certainly_not_sent(connect, monkeypatch):
    looked, answer = threading.Event(), threading.Event()

    def slow(*_question: object) -> list[object]:
        looked.set()
        answer.wait(20)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    with pytest.raises(DeadlineExceeded) as caught:
        connect("https://slow.invalid/v1", timeout=0.1).submit_job("train", "team", "H100")
    answer.set()
    assert looked.is_set()
    assert caught.value.sent is False


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param((), id="before the status"),
        pytest.param((b"HTTP/1.1 20",), id="within the status"),
        pytest.param((READY, b"Content-Le"), id="within the headers"),
        pytest.param((READY, b"Content-Length: 500\r\n\r\n", WHOLE), id="within the body"),
        pytest.param((READY, b"Transfer-Encoding: chunked\r\n\r\n40\r\n", WHOLE), id="within a chunk"),
        pytest.param(
            (
                READY,
                b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
            ),
            id="body that is no gzip",
        ),
        pytest.param((b"SSH-2.0-OpenSSH_9.2\r\n",), id="another protocol"),
        pytest.param((b"HTTP/1.1 200 OK\r\nA: " + b"x" * 100_000 + b"\r\n\r\n",), id="endless header"),
    ],
)
@pytest.mark.parametrize("reset", [False, True])
def test_a_connection_that_breaks_off_may_have_been_sent(hurried, raw, pieces, reset):
    with pytest.raises(TransportError) as caught:
        hurried(raw(saying(*pieces, reset=reset))).cancel_workload("wl_1")
    assert caught.value.sent is True
    assert caught.value.request_id
    assert str(caught.value).startswith("The connection broke off")


def test_a_submission_without_an_answer_is_unknown_and_names_its_external_id(hurried, raw):
    with pytest.raises(SubmissionUnknownError) as caught:
        hurried(raw(saying())).submit_job("train", "team", "H100", external_id="mine-1")
    assert caught.value.external_id == "mine-1"
    assert isinstance(caught.value.__cause__, TransportError)


def test_a_read_survives_a_broken_connection_and_each_attempt_is_counted(hurried, raw):
    heads: list[bytes] = []

    async def second_time(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await asked(reader))
        if len(heads) > 1:
            writer.write(READY + b"Content-Length: %d\r\n\r\n" % len(WHOLE) + WHOLE)
            await writer.drain()

    assert hurried(raw(second_time)).get_workload("wl_1").id == "wl_1"
    assert [b"X-Chamber-Attempt: %d/5" % n in head for n, head in enumerate(heads, 1)] == [True, True]


def test_a_kept_connection_that_was_dropped_is_not_asked_again_in_silence(hurried, raw):
    """aiohttp would send the same request once more by itself, with the same X-Request-Id."""
    heads: list[bytes] = []

    async def once_each(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await asked(reader))
        writer.write(READY + b"Content-Length: %d\r\n\r\n" % len(WHOLE) + WHOLE)
        await writer.drain()
        heads.append(await asked(reader))

    client = hurried(raw(once_each))
    client.get_workload("wl_1")
    client.get_workload("wl_1")
    assert len(heads) == 3
    names = [head.lower().split(b"x-request-id: ")[1].split(b"\r\n")[0] for head in heads]
    assert len(set(names)) == 3


def test_a_server_that_never_answers_ends_with_the_deadline(connect, raw):
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asked(reader)
        await reader.read()

    with pytest.raises(DeadlineExceeded) as caught:
        connect(raw(silent), timeout=0.1).cancel_workload("wl_1")
    assert caught.value.sent is True
    assert isinstance(caught.value, TimeoutError)


def test_a_server_that_does_not_shake_hands_was_certainly_not_asked(connect, raw):
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    url = raw(silent).replace("http:", "https:")
    with pytest.raises(DeadlineExceeded) as caught:
        connect(url, timeout=0.2).cancel_workload("wl_1")
    assert caught.value.sent is False


def test_a_plain_server_behind_an_https_url_is_not_trusted(hurried, api):
    with pytest.raises(TransportError) as caught:
        hurried(api.url.replace("http:", "https:")).cancel_workload("wl_1")
    assert caught.value.sent is False
    assert api.requests == []


def test_a_deadline_that_passes_while_waiting_gives_the_last_answer_and_asks_no_more(connect, api, said):
    class Sluggish(FakeClock):
        async def sleep(self, seconds: float) -> None:
            await super().sleep(seconds + 1000)

    api.answers(said({"message": "busy"}, 503))
    client = connect(api.url)
    client._async._transport = Transport(client._async._settings, Sluggish())
    with pytest.raises(ChamberError, match="busy"):
        client.get_workload("wl_1")
    assert len(api.requests) == 1


def test_an_attempt_never_has_an_endless_deadline(connect, raw):
    """A total of 0 means no limit to aiohttp."""

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    client = connect(raw(silent), timeout=1e-9)
    began = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        client.get_workload("wl_1")
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("external_id", ["a\r\nX-Evil: 1", "a\nb", "a\x00b", "tab\there"])
def test_a_header_that_would_begin_another_is_refused_before_anything_is_sent(client, api, external_id):
    with pytest.raises(ValidationError, match="external_id"):
        client.submit_job("train", "team", "H100", external_id=external_id)
    with pytest.raises(ValidationError, match="control character"):
        client.request("GET", "quota", dict, headers={"X-Mine": external_id})
    assert api.requests == []


def test_no_error_shows_the_token_however_deep_one_digs(hurried, raw, token):
    with pytest.raises(TransportError) as caught:
        hurried(raw(saying(b"garbage\r\n\r\n"))).cancel_workload("wl_1")
    shown = []
    error: BaseException | None = caught.value
    while error is not None:
        shown.append(f"{error!r} {error}")
        error = error.__cause__ or error.__context__
    assert token not in " ".join(shown)
    assert token not in repr(Request("GET", "http://x", {"Authorization": f"Bearer {token}"}))


async def test_a_call_under_way_ends_when_the_client_is_closed(raw, token):
    arrived = threading.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asked(reader)
        arrived.set()
        await reader.read()

    transport = Transport(Settings(token, raw(silent)))
    from chamber.core.paths import path

    call = asyncio.ensure_future(transport.call("POST", path("workloads"), body={}))
    await asyncio.to_thread(arrived.wait, 10)
    await transport.close()
    with pytest.raises(ChamberError):
        await call


@pytest.mark.parametrize(
    "failure",
    [
        aiohttp.ClientConnectionError("a"),
        aiohttp.ServerDisconnectedError("b"),
        aiohttp.ClientPayloadError("c"),
        aiohttp.ServerTimeoutError("d"),
        aiohttp.InvalidURL("e"),
        TimeoutError(),
        OSError(24, "Too many open files"),
        ValueError("f"),
    ],
)
async def test_what_aiohttp_raises_never_leaves_the_transport(failure, token, monkeypatch):
    def fail(*_arguments: object, **_options: object) -> None:
        raise failure

    transport = Transport(Settings(token, "http://127.0.0.1:1/v1"), FakeClock())
    monkeypatch.setattr(aiohttp.ClientSession, "_request", fail)
    from chamber.core.paths import path

    with pytest.raises(TransportError) as caught:
        await transport.call("POST", path("workloads"), body={})
    assert caught.value.__cause__ is failure
    with contextlib.suppress(TransportError):
        async with transport.stream("GET", "http://127.0.0.1:1/"):
            raise AssertionError
    await transport.close()


def test_a_port_that_does_not_exist_is_found_before_the_first_call(token):
    with pytest.raises(ConfigurationError):
        Settings(token, "http://127.0.0.1:99999/v1")
