"""Server-sent events over real connections."""

import asyncio
import contextlib
import http.client
import json

import pytest
from aiohttp import ClientSession, web
from hypothesis import given
from hypothesis import strategies as st

from chamber.local import LocalChamber
from chamber.local.api.errors import ApiError
from chamber.local.dashboard.exchange import refused
from chamber.local.dashboard.output import _whole_characters
from chamber.local.dashboard.streams import Message, Streams


class Reader:
    """Reads a stream's messages one by one."""

    def __init__(self, chamber, path, headers=None):
        self.connection = http.client.HTTPConnection(chamber.registry, timeout=30)
        sent = {"Authorization": f"Bearer {chamber.token}", **(headers or {})}
        self.connection.request("GET", f"/dashboard/{path}", headers=sent)
        self.answer = self.connection.getresponse()

    def next(self):
        """The next message as (event, data, id); None when the stream is over."""
        fields = {}
        for line in iter(self.answer.readline, b""):
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name:
                fields[name] = value
            elif "event" in fields:
                return fields["event"], json.loads(fields["data"]), int(fields["id"])
            else:
                fields = {}
        return None

    def until(self, event):
        """The messages up to one of that kind."""
        found = []
        while not found or found[-1][0] != event:
            found.append(self.next())
            assert found[-1] is not None
        return found


@pytest.fixture
def read():
    with contextlib.ExitStack() as stack:

        def read(*arguments):
            reader = Reader(*arguments)
            stack.callback(reader.connection.close)
            return reader

        yield read


@pytest.fixture
def chamber():
    with LocalChamber(executor="simulated") as running:
        yield running


def _statuses(reader, job, last):
    """The statuses of a workload as they are told, up to the last."""
    found = []
    while last not in found:
        _, changes, _ = reader.next()
        found += [change["status"] for change in changes if change["id"] == job]
    return found


def test_every_change_of_status_is_told_in_its_order(chamber, read, submit):
    changes = read(chamber, "changes")
    assert changes.next() == ("ready", {"resumed": False}, 0)

    job = submit(chamber, seconds=0)

    assert _statuses(changes, job, "COMPLETED") == ["PENDING", "QUEUED", "STARTING", "RUNNING", "COMPLETED"]
    assert changes.answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert changes.answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("way", ["header", "query"])
def test_whoever_comes_back_is_told_what_they_missed(chamber, read, submit, way):
    place = read(chamber, "changes").next()[2]
    job = submit(chamber, seconds=0)
    seen = read(chamber, "changes", {"Last-Event-ID": str(place)})
    seen.next()
    _statuses(seen, job, "COMPLETED")

    headers, path = ({"Last-Event-ID": str(place)}, "changes") if way == "header" else ({}, f"changes?after={place}")
    again = read(chamber, path, headers)

    assert again.next() == ("ready", {"resumed": True}, place)
    assert _statuses(again, job, "COMPLETED") == ["PENDING", "QUEUED", "STARTING", "RUNNING", "COMPLETED"]


def test_a_place_that_another_chamber_gave_is_no_place_here(chamber, read):
    assert read(chamber, "changes", {"Last-Event-ID": "123456"}).next() == ("ready", {"resumed": False}, 0)


@pytest.mark.parametrize("place", ["-1", "x", "1" * 30, "٣"])
def test_what_is_no_place_is_refused(chamber, read, place):
    assert read(chamber, "changes", {"Last-Event-ID": place.encode()}).answer.status == 400


def test_a_stream_ends_with_the_server(read):
    with LocalChamber(executor="simulated") as chamber:
        changes = read(chamber, "changes")
        changes.next()

    assert changes.next() is None


def test_a_stream_ends_with_the_session(chamber, read, tools):
    call = tools.Caller(chamber)
    path = chamber.dashboard_url().removeprefix(f"http://{chamber.registry}")
    cookie = call("GET", path, token=False).headers["Set-Cookie"].partition(";")[0]
    changes = read(chamber, "changes", {"Authorization": "", "Cookie": cookie})
    assert changes.answer.status == 401
    own = {"Cookie": cookie, "Origin": f"http://{chamber.registry}", "X-Chamber-Dashboard": "1"}
    connection = http.client.HTTPConnection(chamber.registry, timeout=30)
    connection.request("GET", "/dashboard/changes", headers={"Cookie": cookie})
    answer = connection.getresponse()
    assert answer.status == 200

    assert call("DELETE", "/session", headers=own, token=False).status == 204

    assert answer.read().count(b"event: ready") == 1
    connection.close()


def test_output_is_told_once_wherever_one_comes_back(read, submit):
    with LocalChamber(grace=1.0) as chamber:
        job = submit(chamber, code="print('äöü€🎉' * 40_000)")
        first = read(chamber, f"workloads/{job}/output?after=0").until("end")
        pieces = [(text, place) for event, text, place in first if event == "output"]
        assert len(pieces) > 3
        middle = pieces[1][1]
        rest = read(chamber, f"workloads/{job}/output", {"Last-Event-ID": str(middle)}).until("end")
        whole = chamber.logs(job)

    assert "".join(text for text, _ in pieces) == whole
    assert "".join(text for text, _ in pieces[:2]) + "".join(d for e, d, _ in rest if e == "output") == whole
    assert all(len(text.encode()) <= 64 << 10 for text, _ in pieces)


def test_of_long_output_the_end_is_told_from_the_beginning_of_a_line(read, submit):
    with LocalChamber(grace=1.0) as chamber:
        job = submit(chamber, code="print(*(f'line {n}' for n in range(50_000)), sep=chr(10))")
        read(chamber, f"workloads/{job}/output?after=0").until("end")
        (_, begin, _), *others = read(chamber, f"workloads/{job}/output").until("end")
        whole = chamber.logs(job)

    told = "".join(text for event, text, _ in others if event == "output")
    assert told.startswith("line ")
    assert whole.endswith(f"\n{told}")
    assert len(whole) - len(told) == begin["offset"] > 0
    assert len(told) <= 256 << 10


@given(st.text(alphabet=st.sampled_from("aé€🎉\n"), max_size=30), st.integers(1, 7))
def test_characters_are_never_cut(text, size):
    content, told, at = text.encode(), "", 0
    while piece := content[at : at + max(size, 4)]:
        piece = _whole_characters(piece)
        told += piece.decode()
        at += len(piece)
    assert told == text


@given(st.binary(max_size=8))
def test_at_most_one_unfinished_character_is_held_back(content):
    held = content[len(_whole_characters(content)) :]
    assert len(held) < 4
    with contextlib.suppress(UnicodeDecodeError):
        assert held.decode() == ""


@contextlib.asynccontextmanager
async def _served(streams, look, over=lambda: None):
    """The port of a server with one kind of stream; `over` is called when one is."""
    app = web.Application()

    async def followed(request):
        try:
            return await streams.serve(request, look)
        except ApiError as error:
            return refused(error)
        finally:
            over()

    app.add_routes([web.get("/", followed)])
    runner = web.AppRunner(app, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield runner.addresses[0][1]
    finally:
        streams.end()
        await runner.cleanup()


@contextlib.asynccontextmanager
async def _get(port):
    async with ClientSession() as session, session.get(f"http://127.0.0.1:{port}/") as answer:
        yield answer


async def test_a_quiet_stream_shows_that_it_lives():
    async def nothing():
        return None

    async with _served(Streams(lambda _: True, look=0.01, alive=0.02), nothing) as port, _get(port) as answer:
        lines = [await answer.content.readline() for _ in range(6)]

    assert lines == [b"retry: 1000\n", b"\n", b":\n", b"\n", b":\n", b"\n"]


async def test_who_reads_too_slowly_is_dropped():
    written, dropped = [], asyncio.Event()

    async def much():
        written.append(1)
        return Message("much", "x" * (1 << 20), len(written))

    streams = Streams(lambda _: True, look=0.01, patience=0.2)
    async with _served(streams, much, dropped.set) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 10)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        async with asyncio.timeout(30):
            await dropped.wait()
        written_before = len(written)
        with contextlib.suppress(ConnectionError):
            while await reader.read(1 << 20):
                pass
        writer.close()

    assert len(written) == written_before < 30


async def test_only_so_many_streams_are_open():
    async def nothing():
        return None

    streams = Streams(lambda _: True, look=0.01, most=1)
    async with _served(streams, nothing) as port, _get(port) as first:
        await first.content.readline()
        async with _get(port) as second:
            assert second.status == 503
