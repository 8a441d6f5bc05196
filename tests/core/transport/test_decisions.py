"""What a call decides before, between and after its attempts, without a network."""

from __future__ import annotations

import gzip
import json
import re

import pytest

from chamber.core import ChamberClient
from chamber.core.errors import (
    AuthenticationError,
    ClientClosedError,
    ConfigurationError,
    NotFoundError,
    PluginError,
    RateLimitError,
    RedirectRefused,
    ResponseError,
    ServerError,
    TransportError,
    ValidationError,
)
from chamber.core.paths import path
from chamber.core.retry import KEYED_WRITE, POLL, READ
from chamber.core.settings import Settings
from chamber.core.testing import RecordingTransport, Reply

URL = "https://chamber.test/v1"
THING = path("thing")


def transport(*replies, method="GET", settings=None, **options):
    made = RecordingTransport({f"{method} thing": list(replies) or [{}]}, settings or Settings("ch.test-token", URL))
    made._chance = lambda: options.get("chance", 0.5)
    return made


async def test_a_request_says_what_it_takes_and_what_it_brings():
    made = transport(method="POST")
    await made.call("POST", THING, body={"a": 1}, headers={"X-Own": "1"})
    (sent,) = made.calls
    assert sent.body == {"a": 1}
    assert sent.headers["Accept"] == sent.headers["Content-Type"] == "application/json"
    assert sent.headers["X-Own"] == "1"


async def test_a_request_without_a_body_has_no_content_type():
    made = transport(method="DELETE")
    await made.call("DELETE", THING)
    assert made.calls[0].body is None
    assert "Content-Type" not in made.calls[0].headers


async def test_an_empty_body_is_a_body():
    made = transport(method="POST")
    await made.call("POST", THING, body={})
    assert made.calls[0].body == {}
    assert made.calls[0].headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("params", "url"),
    [(None, f"{URL}/thing"), ({}, f"{URL}/thing"), ({"a": None}, f"{URL}/thing"), ({"a": "1&"}, f"{URL}/thing?a=1%26")],
)
async def test_a_query_is_there_when_it_says_anything(params, url):
    assert (await transport().call("GET", THING, params=params)).url == url


async def test_a_header_that_would_break_its_line_is_refused_before_anything_is_sent():
    made = transport()
    with pytest.raises(ValidationError):
        await made.call("GET", THING, headers={"X-Own": "a\r\nX-Other: b"})
    assert not made.calls


async def test_the_token_the_organization_and_the_attempt_are_never_those_of_a_caller():
    made = transport(settings=Settings("ch.test-token", URL, "org_1"))
    mine = dict.fromkeys(("Authorization", "X-Organization-Id", "X-Request-Id", "X-Chamber-Attempt"), "mine")
    await made.call("GET", THING, headers=mine)
    headers = made.calls[0].headers
    assert headers["Authorization"] == "Bearer ch.test-token"
    assert headers["X-Organization-Id"] == "org_1"
    assert headers["X-Chamber-Attempt"] == "1/5"
    assert re.fullmatch("[0-9a-f]{32}", headers["X-Request-Id"])


class Heard:
    """A listener that adds headers."""

    def __init__(self, **headers):
        self._headers, self.requests, self.answers = headers, [], []

    def request(self, request):
        self.requests.append(request)
        return self._headers

    def response(self, answer):
        self.answers.append(answer)


async def test_a_listener_adds_headers_and_takes_none_away():
    made = transport({}, Reply(503), {})
    made._listener = heard = Heard(traceparent="00-1", Accept="text/html", Authorization="none")
    await made.call("GET", THING)
    headers = made.calls[0].headers
    assert headers["traceparent"] == "00-1"
    assert (headers["Accept"], headers["Authorization"]) == ("application/json", "Bearer ch.test-token")
    assert [(one.method, one.url) for one in heard.requests] == [("GET", f"{URL}/thing")]


async def test_a_listener_is_told_of_every_answer_with_its_number_and_its_time():
    made = transport(Reply(503), {})
    made._listener = heard = Heard()
    await made.call("GET", THING)
    assert [(one.status, one.attempts, one.elapsed) for one in heard.answers] == [(503, 1, 0.0), (200, 2, 0.125)]


async def test_a_header_of_a_listener_that_would_break_its_line_is_refused():
    made = transport()
    made._listener = Heard(traceparent="a\nb")
    with pytest.raises(ValidationError):
        await made.call("GET", THING)
    assert not made.calls


async def test_a_listener_that_fails_says_which_answer_came_all_the_same():
    made = transport(Reply(201, {}, {"X-Request-Id": "theirs"}))
    made._listener = heard = Heard()

    def fail(_answer):
        raise PluginError("the plugin failed")

    heard.response = fail
    with pytest.raises(PluginError) as caught:
        await made.call("GET", THING)
    assert (caught.value.status_code, caught.value.method, caught.value.url) == (201, "GET", f"{URL}/thing")


@pytest.mark.parametrize(("policy", "seconds"), [(READ, 15), (KEYED_WRITE, None), (POLL, None)])
async def test_an_attempt_is_as_long_silent_as_its_class_of_calls_may_be(policy, seconds):
    made = transport(method="POST")
    seen = []

    async def send(request, _timeout):
        seen.append(request.silence)
        return await RecordingTransport._send(made, request, _timeout)

    made._send = send
    await made.call("POST", THING, policy=policy)
    assert seen == [seconds]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_what_reads_is_sent_again(method):
    made = transport(Reply(503), {}, method=method)
    assert (await made.call(method, THING)).attempts == 2


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_what_writes_is_not_unless_it_is_said_to_be_harmless(method):
    made = transport(Reply(503), {}, method=method)
    with pytest.raises(ServerError):
        await made.call(method, THING)
    harmless = transport(Reply(503), {}, method=method)
    assert (await harmless.call(method, THING, policy=READ)).attempts == 2
    assert harmless.calls[0].headers["X-Chamber-Attempt"] == "1/5"


@pytest.mark.parametrize(
    ("timeout", "of_client", "longest"), [(None, None, 60), (None, 20, 20), (10, 20, 10), (100, 20, 100)]
)
async def test_the_time_of_a_call_is_its_own_then_the_clients_then_that_of_its_class(timeout, of_client, longest):
    settings = Settings("ch.test-token", URL, timeout=of_client)
    for asked, attempts in ((longest - 0.1, 2), (longest, 1)):
        made = transport(Reply(429, headers={"Retry-After": str(asked)}), {}, settings=settings, chance=0.0)
        if attempts == 2:
            assert (await made.call("GET", THING, timeout=timeout)).attempts == 2
        else:
            with pytest.raises(RateLimitError):
                await made.call("GET", THING, timeout=timeout)
        assert len(made.calls) == attempts


@pytest.mark.parametrize("timeout", [0, -1, float("inf"), float("nan"), True, "1"])
async def test_a_timeout_that_is_no_time_is_refused_before_anything_is_sent(timeout):
    made = transport()
    with pytest.raises(ConfigurationError, match="timeout is a positive number of seconds"):
        await made.call("GET", THING, timeout=timeout)
    assert not made.calls


@pytest.mark.parametrize("status", [200, 201, 204, 299])
async def test_two_hundred_and_what_follows_is_a_success(status):
    made = transport(Reply(status))
    answer = await made.call("GET", THING)
    assert (answer.status, answer.attempts, answer.elapsed, answer.budget_exhausted) == (status, 1, 0.0, False)


async def test_three_hundred_is_none():
    with pytest.raises(ResponseError) as caught:
        await transport(Reply(300)).call("GET", THING)
    assert caught.value.status_code == 300


def renewed(*tokens):
    left = list(tokens)
    return Settings("ch.old-token", URL, token_source=lambda _url: left.pop(0) if left else None)


async def test_a_refused_token_is_renewed_once_and_the_call_goes_on_with_the_time_that_is_left():
    made = transport(Reply(503), Reply(401), Reply(503), {}, settings=renewed("ch.new-token", "ch.newer-token"))
    answer = await made.call("GET", THING)
    assert [call.headers["Authorization"] for call in made.calls] == [
        "Bearer ch.old-token",
        "Bearer ch.old-token",
        "Bearer ch.new-token",
        "Bearer ch.new-token",
    ]
    assert answer.elapsed == pytest.approx(0.25)


async def test_a_token_that_is_refused_again_is_an_error():
    made = transport(Reply(401), settings=renewed("ch.new-token", "ch.newer-token"))
    with pytest.raises(AuthenticationError):
        await made.call("GET", THING)
    assert len(made.calls) == 2


@pytest.mark.parametrize("tokens", [(), ("ch.old-token",)])
async def test_without_another_token_a_refusal_is_final(tokens):
    made = transport(Reply(401), {}, settings=renewed(*tokens))
    with pytest.raises(AuthenticationError):
        await made.call("GET", THING)
    assert len(made.calls) == 1


async def test_another_refusal_asks_for_no_token():
    made = transport(Reply(403), {}, settings=renewed("ch.new-token"))
    with pytest.raises(ResponseError):
        await made.call("GET", THING)
    assert made.settings.token.reveal() == "ch.old-token"


async def test_an_error_says_how_often_and_how_long_was_tried():
    with pytest.raises(ServerError) as caught:
        await transport(Reply(500)).call("GET", THING)
    assert (caught.value.attempts, caught.value.elapsed) == (5, pytest.approx(0.125 * (1 + 2 + 4 + 8)))
    assert not caught.value.retry_budget_exhausted


@pytest.mark.parametrize("replies", [[Reply(500)], [TransportError("lost")]])
async def test_an_error_says_that_there_were_no_retries_left_to_spend(replies):
    made = transport(*replies)
    made._budget._tokens = 20
    with pytest.raises((ServerError, TransportError)) as caught:
        await made.call("GET", THING)
    assert caught.value.retry_budget_exhausted
    assert caught.value.attempts == 2


@pytest.mark.parametrize("reply", [Reply(503), TransportError("lost")])
async def test_a_sleep_that_lasts_longer_than_it_was_asked_to_is_the_end_of_the_call(reply):
    made = transport(reply, {})

    async def overslept(_seconds):
        made.clock.time += 60

    made.clock.sleep = overslept
    with pytest.raises((ServerError, TransportError)) as caught:
        await made.call("GET", THING)
    assert (caught.value.attempts, caught.value.elapsed) == (1, 60)
    assert not caught.value.retry_budget_exhausted


@pytest.mark.parametrize(
    "code", ["KEY_IN_PROGRESS", "IDEMPOTENCY_KEY_IN_USE", "REQUEST_IN_PROGRESS", "REQUEST_IN_FLIGHT"]
)
async def test_a_conflict_with_the_same_request_under_way_is_waited_for(code):
    made = transport(Reply(409, {"error": {"code": code, "message": "wait"}}), {}, method="POST")
    assert (await made.call("POST", THING, body={})).attempts == 2


@pytest.mark.parametrize(
    ("status", "code"), [(409, "KEY_IN_USEFUL"), (409, "KEY_REUSED"), (409, None), (400, "REQUEST_IN_PROGRESS")]
)
async def test_no_other_conflict_is(status, code):
    made = transport(Reply(status, {"error": {"code": code, "message": "wait"}}), {}, method="POST")
    with pytest.raises(ResponseError):
        await made.call("POST", THING, body={})
    assert len(made.calls) == 1


async def test_how_long_to_wait_is_part_of_a_refusal():
    with pytest.raises(RateLimitError) as caught:
        await transport(Reply(429, headers={"Retry-After": "Thu, 01 Jan 2026 00:05:00 GMT"})).call("GET", THING)
    assert caught.value.retry_after == 300


async def test_a_closed_client_says_what_to_do():
    made = transport()
    await made.close()
    with pytest.raises(ClientClosedError) as caught:
        await made.call("GET", THING)
    assert caught.value.message == "This client is closed: make a new one, or use it inside its with block"
    with pytest.raises(ClientClosedError):
        async with made.stream("GET", URL):
            pass


async def test_a_keyed_write_says_how_often_it_may_be_sent():
    made = transport(method="POST")
    await made.call("POST", THING, policy=KEYED_WRITE)
    assert made.calls[0].headers["X-Chamber-Attempt"] == "1/8"


def echo(text, size):
    """An answer that repeats a text and is `size` bytes long."""
    body = json.dumps({"id": "wl_1", "name": text, "status": "RUNNING", "note": ""})
    return body[:-2] + "x" * (size - len(body)) + body[-2:]


def test_an_answer_may_be_32_mebibytes_long(client, api, said):
    body = echo("train", 32 << 20).encode()
    api.answers(said(gzip.compress(body, 1), headers={"Content-Encoding": "gzip"}))
    assert client.get_workload("wl_1").name == "train"


@pytest.mark.parametrize(("status", "kind"), [(300, RedirectRefused), (404, NotFoundError)])
def test_an_error_is_read_as_far_as_64_kibibytes(client, api, said, status, kind):
    whole = json.dumps({"message": "so it is", "code": "GONE"})
    for size, told in ((64 << 10, True), ((64 << 10) + 1, False)):
        api.answers(said((whole[:-1] + " " * (size - len(whole)) + "}").encode(), status))
        with pytest.raises(kind) as caught:
            client.get_workload("wl_1")
        assert (caught.value.code == "GONE") is told


def test_a_short_token_may_be_part_of_a_word_and_a_longer_one_is_never_repeated(api, said):
    for token, shown in (("model-7", "model-7"), ("model-78", "***")):
        api.answers(said({"id": "wl_1", "name": f"the {token}", "status": "RUNNING"}))
        with ChamberClient(token, api.url) as client:
            assert client.get_workload("wl_1").name == f"the {shown}"
