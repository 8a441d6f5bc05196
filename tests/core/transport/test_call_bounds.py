"""What a call of several parts shares, what a renewed token needs, and what is said of a retry."""

import inspect
import logging
import threading

import pytest

from chamber.core.errors import AuthenticationError, ServerError
from chamber.core.paths import path
from chamber.core.settings import Settings
from chamber.core.testing import RecordingTransport, Reply, recorded_async_client
from chamber.core.transport import Transport

URL = "https://chamber.test/v1"
THING = path("thing")


class Timed(RecordingTransport):
    """Keeps the seconds that each attempt was given."""

    def __init__(self, *replies, settings=None):
        super().__init__({"GET thing": list(replies) or [{}]}, settings or Settings("ch.test-token", URL))
        self.given = []
        self._chance = lambda: 0.5

    async def _send(self, request, timeout):
        self.given.append(timeout)
        return await super()._send(request, timeout)


async def test_calls_within_a_time_have_what_is_left_of_it_together():
    transport = Timed()
    with transport.within(9):
        await transport.call("GET", THING)
        await transport.clock.sleep(2)
        await transport.call("GET", THING)
        with transport.within(100):
            await transport.call("GET", THING)
        with transport.within(3):
            await transport.call("GET", THING)
    await transport.call("GET", THING)
    assert transport.given == [9, 7, 7, 3, 30]


async def test_calls_within_no_time_of_their_own_have_the_clients():
    transport = Timed(settings=Settings("ch.test-token", URL, timeout=8))
    with transport.within():
        await transport.call("GET", THING)
        await transport.clock.sleep(5)
        await transport.call("GET", THING)
    assert transport.given == [8, 3]


async def test_a_call_within_a_time_that_is_over_has_a_millisecond():
    transport = Timed()
    with transport.within(1):
        await transport.clock.sleep(5)
        await transport.call("GET", THING)
    assert transport.given == [pytest.approx(0.001)]


async def test_retries_end_with_the_time_that_they_are_within():
    transport = Timed(Reply(503, headers={"Retry-After": "3"}))
    with transport.within(5), pytest.raises(ServerError) as caught:
        await transport.call("GET", THING)
    assert transport.sleeps == [pytest.approx(3, abs=0.4)]
    assert caught.value.attempts == 2


async def test_a_retry_is_told_in_the_log_with_what_it_is_and_how_long_it_waits(caplog):
    transport = Timed(Reply(503), {})
    with caplog.at_level(logging.DEBUG, "chamber"):
        await transport.call("GET", THING)
    (record,) = [record for record in caplog.records if "retried" in record.getMessage()]
    assert record.getMessage() == (
        f"event='call is retried' method='GET' url='{URL}/thing' attempt=1 wait={transport.sleeps[0]!r}"
    )
    assert record.name == "chamber.core.transport.calls"


async def test_an_attempt_says_how_many_milliseconds_the_call_has_taken():
    transport = Timed(Reply(503, headers={"Retry-After": "2"}), {})
    await transport.call("GET", THING)
    first, second = (call.headers for call in transport.calls)
    assert first["X-Chamber-Elapsed-Ms"] == "0"
    assert second["X-Chamber-Elapsed-Ms"] == str(int(transport.sleeps[0] * 1000))


async def test_a_token_that_another_call_has_renewed_is_used_and_none_is_asked_for():
    settings = Settings("ch.old-token", URL, token_source=lambda _url: pytest.fail("asked"))

    class Renewed(Timed):
        async def _send(self, request, timeout):
            answer = await super()._send(request, timeout)
            settings.token = Settings("ch.new-token", URL).token
            return answer

    transport = Renewed(Reply(401), {}, settings=settings)
    await transport.call("GET", THING)
    used = [call.headers["Authorization"] for call in transport.calls]
    assert used == ["Bearer ch.old-token", "Bearer ch.new-token"]


async def test_a_token_that_another_call_renews_while_it_is_asked_for_is_used():
    def source(_url):
        settings.token = Settings("ch.new-token", URL).token
        return "ch.new-token"

    settings = Settings("ch.old-token", URL, token_source=source)
    transport = Timed(Reply(401), {}, settings=settings)
    await transport.call("GET", THING)
    assert transport.calls[-1].headers["Authorization"] == "Bearer ch.new-token"


async def test_whoever_gives_tokens_is_asked_in_a_thread_of_that_name_and_not_for_ever():
    names, asked, ended = [], threading.Event(), threading.Event()

    def source(_url):
        names.append(threading.current_thread().name)
        asked.set()
        ended.wait(60)

    transport = Timed(Reply(401), settings=Settings("ch.old-token", URL, token_source=source))
    try:
        with pytest.raises(AuthenticationError):
            await transport.call("GET", THING, timeout=0.2)
        assert asked.wait(60)
    finally:
        ended.set()
    assert names == ["chamber-token"]
    assert len(transport.calls) == 1


async def test_who_listens_to_a_client_adds_headers_and_hears_of_answers(api, token):
    class Listener:
        heard = ()

        def request(self, request):
            return {"traceparent": "00-1"}

        def response(self, answer):
            self.heard += (answer.status,)

    listener = Listener()
    transport = Transport(Settings(token, api.url), listener=listener)
    await transport.call("GET", THING)
    await transport.close()
    assert (api.requests[0].headers["traceparent"], listener.heard) == ("00-1", (200,))


async def test_the_first_thing_that_a_client_asks_for_may_be_what_has_a_status():
    transport = RecordingTransport({"GET workloads": {"workloads": []}})
    assert not (await recorded_async_client(transport).list_workloads(status="RUNNING")).items


def test_an_exchange_has_a_minute():
    assert inspect.signature(Transport.stream).parameters["timeout"].default == 60.0
