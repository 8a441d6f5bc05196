"""How many calls are under way at once, how long they may take together, and how closing ends them."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from aiohttp import web

from chamber.core import (
    AsyncChamberClient,
    AuthenticationError,
    ChamberClient,
    ClientClosedError,
    DeadlineExceeded,
    PluginError,
    SubmissionUnknownError,
    TransportError,
    WaitTimeout,
)
from chamber.core.clock import Clock, Deadline
from chamber.core.journal import Journal
from chamber.core.paths import path
from chamber.core.retry import KEYED_WRITE, READ, Policy
from chamber.core.settings import Settings
from chamber.core.testing import FakeClock, RecordingTransport, Reply, recorded_async_client
from chamber.core.transport import Transport
from chamber.core.transport.under_way import UnderWay

RUNNING = {"id": "wl_1", "name": "train", "status": "RUNNING"}
#: Seconds; far less than what would be waited for without an end.
SOON = 5.0


@pytest.fixture
def silent(raw):
    """The URL of a server that reads and never answers, and whether it was asked."""
    asked = threading.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await reader.read()

    return raw(handle), asked


async def closed_once(client: AsyncChamberClient, asked: threading.Event, call) -> BaseException:
    """What a call ends with whose client is closed as soon as `asked`."""
    task = asyncio.ensure_future(call)
    assert await asyncio.to_thread(asked.wait, 20)
    began = time.monotonic()
    await client.aclose()
    (ended,) = await asyncio.gather(task, return_exceptions=True)
    assert time.monotonic() - began < SOON
    return ended


async def test_closing_ends_a_read_in_flight(silent, token):
    url, asked = silent
    client = AsyncChamberClient(token, url)
    assert isinstance(await closed_once(client, asked, client.get_workload("wl_1")), ClientClosedError)


async def test_closing_ends_a_write_in_flight_that_may_have_arrived(silent, token):
    url, asked = silent
    client = AsyncChamberClient(token, url)
    ended = await closed_once(client, asked, client.request("POST", path("thing"), dict, body={}))
    assert isinstance(ended, TransportError)
    assert ended.sent
    assert "closed while" in ended.message


async def test_closing_ends_a_write_that_was_not_sent_yet(token, monkeypatch):
    asked, answer = threading.Event(), threading.Event()

    def slow(*_question: object) -> list[object]:
        asked.set()
        answer.wait(20)
        return []

    monkeypatch.setattr("socket.getaddrinfo", slow)
    client = AsyncChamberClient(token, "https://slow.invalid/v1")
    ended = await closed_once(client, asked, client.request("POST", path("thing"), dict, body={}))
    answer.set()
    assert isinstance(ended, ClientClosedError)


async def test_closing_leaves_a_submission_in_flight_unknown_and_in_the_journal(silent, token):
    url, asked = silent
    client = AsyncChamberClient(token, url)
    ended = await closed_once(client, asked, client.submit_job("train", "team", "H100", external_id="mine"))
    assert isinstance(ended, SubmissionUnknownError)
    assert [intent.external_id for intent in Journal().pending()] == ["mine"]


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda client: client.get_workload("wl_1"), id="before another attempt"),
        pytest.param(lambda client: client.wait_for_completion("wl_1", poll_interval=3600), id="before another look"),
        pytest.param(lambda client: client.wait_for_all(["wl_1"], poll_interval=3600), id="of many"),
    ],
)
async def test_closing_ends_a_pause(api, said, token, call):
    asked = threading.Event()
    busy = said(status=503, headers={"Retry-After": "100"})

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.set()
        return (busy if first else said()).response()

    client = AsyncChamberClient(token, api.url, timeout=300)
    first = call.__code__.co_names[0] == "get_workload"
    api.answers(answer)
    assert isinstance(await closed_once(client, asked, call(client)), ClientClosedError)


async def test_closing_twice_at_once_is_closing(silent, token):
    url, asked = silent
    client = AsyncChamberClient(token, url)
    calls = [asyncio.ensure_future(client.get_workload("wl_1")) for _ in range(2)]
    assert await asyncio.to_thread(asked.wait, 20)
    await asyncio.gather(client.aclose(), client.aclose(), client.aclose())
    ended = await asyncio.gather(*calls, return_exceptions=True)
    assert {type(error) for error in ended} == {ClientClosedError}


def test_closing_in_one_thread_ends_a_blocking_call_in_another(silent, token):
    url, asked = silent
    client = ChamberClient(token, url)
    ended: list[BaseException] = []

    def ask() -> None:
        try:
            client.get_workload("wl_1")
        except Exception as error:
            ended.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    assert asked.wait(20)
    client.close()
    thread.join(SOON)
    assert [type(error) for error in ended] == [ClientClosedError]


async def test_closing_waits_for_nobody_who_does_not_listen(api, token, monkeypatch):
    monkeypatch.setattr("chamber.core.transport.under_way._CLOSED_WITHIN", 0.05)
    entered, over = asyncio.Event(), asyncio.Event()
    transport = Transport(Settings(token, api.url))

    async def stubborn() -> None:
        async with transport._connections.under_way.until_closed():
            entered.set()
            try:
                await asyncio.sleep(60)
            finally:
                await over.wait()

    task = asyncio.ensure_future(stubborn())
    await entered.wait()
    began = time.monotonic()
    await transport.close()
    assert time.monotonic() - began < SOON
    over.set()
    with pytest.raises(ClientClosedError):
        await task


async def test_a_plugin_that_fails_after_the_answer_leaves_no_submission_unreported():
    class Failing:
        def request(self, request):
            return {}

        def response(self, answer):
            raise PluginError("A plugin failed in chamber_response")

    transport = RecordingTransport({**NOTHING_FOUND, "POST workloads": RUNNING})
    transport._listener = Failing()
    async with recorded_async_client(transport) as client:
        with pytest.raises(SubmissionUnknownError, match="chamber_response") as caught:
            await client.submit_job("train", "team", "H100", external_id="mine")
    assert caught.value.last_error.status_code == 200
    assert [intent.external_id for intent in Journal().pending()] == ["mine"]


async def test_two_calls_whose_token_expired_are_both_renewed():
    fresh = iter(["ch.new", "ch.new"])
    settings = Settings("ch.old", "https://chamber.test/v1", token_source=lambda _url: next(fresh))

    class Expired(RecordingTransport):
        async def _send(self, request, timeout):
            await asyncio.sleep(0)
            used = request.headers["Authorization"]
            answer = await super()._send(request, timeout)
            return answer if used == "Bearer ch.new" else msgspec.structs.replace(answer, status=401)

    transport = Expired({"GET thing": Reply(body={})}, settings)
    answers = await asyncio.gather(*(transport.call("GET", path("thing")) for _ in range(2)))
    assert [answer.status for answer in answers] == [200, 200]


async def test_a_token_that_does_not_come_in_time_holds_up_no_other_call(api, said, token):
    """Whoever gives tokens may ask a program or a person for one."""
    asked, given = threading.Event(), threading.Event()

    def source(_url: str) -> str | None:
        asked.set()
        given.wait(20)
        return None

    api.answers(said({}, 401), said())
    transport = Transport(Settings(token, api.url, timeout=1.0, token_source=source))
    refused = asyncio.ensure_future(transport.call("GET", path("first")))
    assert await asyncio.to_thread(asked.wait, 20)
    assert (await transport.call("GET", path("other"), timeout=20)).status == 200
    with pytest.raises(AuthenticationError):
        await refused
    given.set()
    await transport.close()


async def test_a_stream_of_a_registry_ends_with_the_client(silent, token):
    url, asked = silent
    transport = Transport(Settings(token, url))

    async def read() -> AsyncIterator[bytes]:
        async with transport.stream("GET", url) as streamed:
            return streamed.status

    task = asyncio.ensure_future(read())
    assert await asyncio.to_thread(asked.wait, 20)
    await transport.close()
    with pytest.raises(TransportError, match="closed while"):
        await task


class Crowd:
    """A server's door: how many are in, and the most there were."""

    def __init__(self) -> None:
        self.now = self.most = 0
        self.full = threading.Event()
        self.open = threading.Event()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.now += 1
        self.most = max(self.most, self.now)
        if self.now == 32:
            self.full.set()
        await asyncio.to_thread(self.open.wait, 20)
        self.now -= 1
        return web.json_response(RUNNING)


async def test_thirty_two_calls_are_under_way_at_once_and_the_others_wait_their_turn(api, async_client):
    crowd = Crowd()
    api.answers(crowd.answer)
    calls = [asyncio.ensure_future(async_client.get_workload("wl_1")) for _ in range(40)]
    assert await asyncio.to_thread(crowd.full.wait, 20)
    crowd.open.set()
    assert {workload.id for workload in await asyncio.gather(*calls)} == {"wl_1"}
    assert crowd.most == 32


async def test_a_turn_that_does_not_come_in_time_was_certainly_not_sent(api, async_client):
    crowd = Crowd()
    api.answers(crowd.answer)
    calls = [asyncio.ensure_future(async_client.get_workload("wl_1")) for _ in range(32)]
    assert await asyncio.to_thread(crowd.full.wait, 20)
    with pytest.raises(DeadlineExceeded, match="32 calls of this client are under way") as caught:
        await async_client.request("GET", path("thing"), dict, timeout=0.05)
    assert caught.value.sent is False
    crowd.open.set()
    await asyncio.gather(*calls)
    assert len(api.requests) == 32


async def test_a_cancelled_call_gives_its_turn_back(silent, token):
    url, asked = silent
    client = AsyncChamberClient(token, url)
    for _ in range(3):
        calls = [asyncio.ensure_future(client.get_workload("wl_1")) for _ in range(33)]
        assert await asyncio.to_thread(asked.wait, 20)
        asked.clear()
        for call in calls:
            call.cancel()
        ended = await asyncio.gather(*calls, return_exceptions=True)
        assert {type(each) for each in ended} == {asyncio.CancelledError}
    await client.aclose()


async def test_a_turn_that_comes_as_its_call_is_cancelled_goes_to_the_next_one():
    under_way = UnderWay()
    for _ in range(32):
        await under_way.turn(Deadline(Clock(), 60))
    first, second = (asyncio.ensure_future(under_way.turn(Deadline(Clock(), 60))) for _ in range(2))
    await asyncio.sleep(0)
    under_way.end_turn()
    first.cancel()
    await asyncio.wait_for(second, 20)
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_closing_ends_those_who_wait_for_their_turn():
    under_way = UnderWay()
    for _ in range(32):
        await under_way.turn(Deadline(Clock(), 60))
    waiting = asyncio.ensure_future(under_way.turn(Deadline(Clock(), 60)))
    await asyncio.sleep(0)
    await under_way.close()
    with pytest.raises(ClientClosedError, match="closed while"):
        await waiting
    under_way.end_turn()
    await under_way.turn(Deadline(Clock(), 60))


async def test_however_many_scopes_have_one_timer_for_all(monkeypatch):
    loop, under_way, timers = asyncio.get_running_loop(), UnderWay(), []
    call_at = loop.call_at
    monkeypatch.setattr(loop, "call_at", lambda when, *call: (timers.append(when), call_at(when, *call))[1])
    for _ in range(100):
        async with under_way.until_closed(60), under_way.until_closed(90):
            pass
    assert len(timers) == 1


async def test_each_scope_ends_at_its_own_time():
    under_way = UnderWay()
    order = []

    async def lasting(seconds: float) -> None:
        with pytest.raises(TimeoutError):
            async with under_way.until_closed(seconds):
                await asyncio.sleep(60)
        order.append(seconds)

    await asyncio.gather(*(lasting(seconds) for seconds in (0.02, 0.0, 0.04, 0.0)))
    assert order == [0.0, 0.0, 0.02, 0.04]
    await lasting(0.0)


async def test_a_scope_that_is_extended_ends_later():
    loop, under_way = asyncio.get_running_loop(), UnderWay()
    began = loop.time()

    async def extended() -> None:
        async with under_way.until_closed(0.0) as scope:
            scope.extend(began + 0.1)
            await asyncio.sleep(60)

    with pytest.raises(TimeoutError):
        await extended()
    assert loop.time() >= began + 0.1


async def test_an_attempt_is_given_up_when_no_byte_comes_for_long(silent, token):
    url, _ = silent
    impatient = Policy(1, 0.1, 1.0, "full", 60.0, 60.0, repeatable=True, silence=0.1)
    transport = Transport(Settings(token, url))
    with pytest.raises(DeadlineExceeded, match=r"No byte came for 0\.1 s"):
        await transport.call("GET", path("thing"), policy=impatient)
    await transport.close()


def test_reads_are_given_up_after_15_silent_seconds_and_writes_are_not():
    assert (READ.silence, KEYED_WRITE.silence) == (15.0, None)


class Slow(RecordingTransport):
    """Each answer takes two seconds of a clock that nobody else moves."""

    def __init__(self, replies, timeout=None):
        super().__init__(replies, Settings("ch.test-token", "https://chamber.test/v1", timeout=timeout))
        self.given: list[float] = []

    async def _send(self, request, timeout):
        self.given.append(timeout)
        self.clock.time += 2.0
        if timeout < 2.0:
            raise DeadlineExceeded("late")
        return await super()._send(request, timeout)


NOTHING_FOUND = {"GET workloads": {"workloads": []}, "POST workloads/search": {"items": []}}
TOGETHER = {
    "get_workloads": (["wl_1", "wl_2"],),
    "resolve_submission": ("mine",),
    "list_workloads": ("RUNNING",),
    "search_workloads": ("RUNNING",),
}


@pytest.mark.parametrize("operation", TOGETHER)
async def test_an_operation_of_several_calls_has_one_deadline(operation):
    transport = Slow({**NOTHING_FOUND, "GET workloads/wl_1": RUNNING, "GET workloads/wl_2": RUNNING}, timeout=3.0)
    async with recorded_async_client(transport) as client:
        try:
            batch = await getattr(client, operation)(*TOGETHER[operation])
            assert {type(error) for error in batch.failed.values()} == {DeadlineExceeded}
        except DeadlineExceeded:
            pass
    assert transport.given[:2] == [3.0, 1.0]


async def test_a_cancellation_and_the_look_after_its_conflict_have_one_deadline():
    transport = Slow(
        {"POST workloads/wl_1/cancel": [Reply(503), Reply(409)], "GET workloads/wl_1": RUNNING}, timeout=9.0
    )
    async with recorded_async_client(transport) as client:
        with pytest.raises(Exception, match="409"):
            await client.cancel_workload("wl_1")
    waited = sum(transport.clock.sleeps)
    assert transport.given == pytest.approx([9.0, 7.0 - waited, 5.0 - waited])


async def test_the_looks_of_a_submission_keep_its_deadline():
    transport = Slow({**NOTHING_FOUND, "POST workloads": Reply(502)}, timeout=9.0)
    async with recorded_async_client(transport) as client:
        with pytest.raises(SubmissionUnknownError):
            await client.submit_job("train", "team", "H100")
    assert transport.given[:3] == [9.0, 7.0, 5.0]
    assert transport.clock.time <= 9.0 + 2.0


@pytest.mark.parametrize("wait", ["wait_for_completion", "wait_for_all"])
async def test_a_wait_on_a_silent_api_ends_with_its_timeout(silent, token, wait):
    url, _ = silent
    async with AsyncChamberClient(token, url) as client:
        began = time.monotonic()
        with pytest.raises((DeadlineExceeded, WaitTimeout)):
            await getattr(client, wait)("wl_1", timeout=0.3)
    assert time.monotonic() - began < SOON


async def test_the_last_look_of_a_wait_may_take_a_fifth_of_a_second_beyond_it():
    transport = Slow({"GET workloads/wl_1": RUNNING})
    async with recorded_async_client(transport) as client:
        with pytest.raises(WaitTimeout):
            await client.wait_for_completion("wl_1", poll_interval=5, timeout=10)
    assert transport.given == pytest.approx([10.0, 3.0, 0.2])


async def test_the_only_look_of_a_wait_of_nothing_has_the_time_of_any_read():
    transport = Slow({"GET workloads/wl_1": RUNNING})
    async with recorded_async_client(transport) as client:
        with pytest.raises(WaitTimeout):
            await client.wait_for_completion("wl_1", timeout=0)
    assert transport.given == [30.0]


@pytest.mark.parametrize(("theirs", "expected"), [(-3600, -3600), (3600, 0), (0, 0)])
async def test_a_moment_is_asked_for_by_the_clock_of_the_api_where_that_is_behind(theirs, expected):
    now = FakeClock().now()
    date = f"{now + timedelta(seconds=theirs):%a, %d %b %Y %H:%M:%S GMT}"
    transport = RecordingTransport({"GET thing": Reply(body={}, headers={"Date": date})})
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    assert transport.since(moment) == moment
    await transport.call("GET", path("thing"))
    assert transport.since(moment) == moment + timedelta(seconds=expected)
