from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chamber.core import DeadlineExceeded, RateLimitError, ServerError, TransportError
from chamber.core.paths import path
from chamber.core.retry import KEYED_WRITE, POLL, READ, REPEATABLE_WRITE, Outcome, delay, retry_after
from chamber.core.testing import RecordingTransport, Reply, recorded_client

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
FOREVER = float("inf")

policies = st.sampled_from([READ, KEYED_WRITE])
outcomes = st.builds(
    Outcome,
    status=st.none() | st.integers(300, 599),
    sent=st.booleans(),
    retry_after=st.none() | st.floats(0, 1e6),
    should_retry=st.none() | st.booleans(),
)
chances = st.floats(0, 1, exclude_max=True)


@given(policies, outcomes, st.integers(1, 10), st.floats(0, 1e6), chances)
def test_a_delay_is_within_its_bounds(policy, outcome, attempt, remaining, chance):
    wait = delay(policy, outcome, attempt, remaining, chance)
    if wait is None:
        return
    assert attempt < policy.attempts
    assert 0 <= wait < remaining
    assert wait <= max(60.0, READ.longest_wait * 1.1)
    if outcome.retry_after is None:
        assert wait <= (60.0 if outcome.status == 429 else policy.cap)
    else:
        assert outcome.retry_after <= wait <= max(60.0, outcome.retry_after * 1.1)


@given(policies, outcomes, st.integers(1, 10), chances)
def test_the_last_attempt_is_the_last(policy, outcome, attempt, chance):
    assert delay(policy, outcome, policy.attempts + attempt - 1, FOREVER, chance) is None


@given(policies, outcomes, st.integers(1, 4), chances)
def test_a_server_that_forbids_a_retry_is_obeyed(policy, outcome, attempt, chance):
    forbidden = Outcome(outcome.status, outcome.sent, outcome.retry_after, should_retry=False)
    assert delay(policy, forbidden, attempt, FOREVER, chance) is None


@given(outcomes, st.integers(1, 4), chances)
def test_a_write_is_repeated_only_when_it_was_not_carried_out_or_the_api_says_so(outcome, attempt, chance):
    if delay(KEYED_WRITE, outcome, attempt, FOREVER, chance) is not None:
        refused = outcome.status == 429 or outcome.in_progress
        told = outcome.status is not None and outcome.should_retry is True
        assert refused or told or (outcome.status is None and not outcome.sent)


RETRIED = {408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529}


@pytest.mark.parametrize("status", range(300, 600))
def test_each_status_is_retried_or_not(status):
    assert (delay(READ, Outcome(status), 1, FOREVER, 0.5) is not None) == (status in RETRIED)
    assert (delay(KEYED_WRITE, Outcome(status), 1, FOREVER, 0.5) is not None) == (status == 429)


@pytest.mark.parametrize("attempt", range(1, 5))
def test_full_jitter_reaches_from_nothing_to_twice_as_long_each_time(attempt):
    ceiling = 0.25 * 2 ** (attempt - 1)
    assert delay(READ, Outcome(500), attempt, FOREVER, 0.0) == 0
    assert delay(READ, Outcome(500), attempt, FOREVER, 0.5) == ceiling / 2


@pytest.mark.parametrize("attempt", range(1, 5))
def test_a_throttled_call_never_comes_back_at_once(attempt):
    ceiling = 2.0 ** (attempt - 1)
    for policy in (READ, KEYED_WRITE):
        assert delay(policy, Outcome(429), attempt, FOREVER, 0.0) == ceiling / 2


def test_what_the_server_asks_for_is_a_floor_with_a_little_on_top():
    assert delay(READ, Outcome(429, retry_after=30.0), 1, FOREVER, 0.0) == 30
    assert delay(READ, Outcome(429, retry_after=30.0), 1, FOREVER, 0.5) == 31.5


@pytest.mark.parametrize(("asked", "waits"), [(0.0, True), (119.9, True), (120.0, True), (120.1, False), (1e9, False)])
@pytest.mark.parametrize("chance", [0.0, 0.999])
def test_more_than_two_minutes_are_not_waited(asked, waits, chance):
    assert (delay(READ, Outcome(503, retry_after=asked), 1, FOREVER, chance) is not None) == waits


def test_a_wait_that_would_end_after_the_deadline_is_not_begun():
    outcome = Outcome(429, retry_after=10.0)
    assert delay(READ, outcome, 1, 10.0, 0.0) is None
    assert delay(READ, outcome, 1, 10.01, 0.0) == 10


def rfc(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "0"}, 0.0),
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": " 7 "}, 7.0),
        ({"Retry-After": "1.5"}, 1.5),
        ({"Retry-After": "3600"}, 3600.0),
        ({"Retry-After-Ms": "250"}, 0.25),
        ({"Retry-After-Ms": "250", "Retry-After": "9"}, 0.25),
        ({"Retry-After-Ms": "soon", "Retry-After": "9"}, 9.0),
        ({"Retry-After-Ms": "-1", "Retry-After": "9"}, 9.0),
        ({"Retry-After": rfc(NOW + timedelta(seconds=20))}, 20.0),
        ({"Retry-After": rfc(NOW)}, 0.0),
        ({"Retry-After": rfc(NOW - timedelta(seconds=1))}, None),
        ({"Retry-After": "Friday, 02-Jan-26 03:04:25 GMT"}, 20.0),
        ({"Retry-After": "Fri Jan  2 03:04:25 2026"}, 20.0),
        ({"Retry-After": "Fri, 02 Jan 2026 05:04:25 +0200"}, 20.0),
        # A server whose clock is a day off still means 20 seconds.
        ({"Date": rfc(NOW + timedelta(days=1)), "Retry-After": rfc(NOW + timedelta(days=1, seconds=20))}, 20.0),
        ({"Date": rfc(NOW - timedelta(days=1)), "Retry-After": rfc(NOW + timedelta(seconds=20 - 86400))}, 20.0),
        ({"Date": "yesterday", "Retry-After": rfc(NOW + timedelta(seconds=20))}, 20.0),
        *[
            ({"Retry-After": garbage}, None)
            for garbage in (
                "",
                " ",
                "-1",
                "-0.5",
                "nan",
                "inf",
                "-inf",
                "1e999",
                "soon",
                "1_0",
                "٣",
                "0x10",
                "7 seconds",
                "Zun, 29 Sep 2016 28:19:21 GMT",
                "Fri, 32 Jan 2026 03:04:25 GMT",
                "Fri, 02 Jan 100000 03:04:25 GMT",
                "Fri, 02 Jan 2026 03:04:25 +9999",
                "99999999999999999999999999999999999999 Jan 2026",
            )
        ],
    ],
)
def test_retry_after_is_read_in_each_of_its_forms(headers, seconds):
    assert retry_after(headers, NOW) == seconds


@given(st.dictionaries(st.sampled_from(["Retry-After", "Retry-After-Ms", "Date"]), st.text()))
def test_no_header_whatever_breaks_the_call(headers):
    found = retry_after(headers, NOW)
    assert found is None or 0 <= found < FOREVER


moments = st.datetimes(datetime(1970, 1, 1), timezones=st.just(UTC)).map(lambda moment: moment.replace(microsecond=0))


@given(moments, moments)
def test_a_date_is_never_a_negative_wait(date, until):
    found = retry_after({"Date": rfc(date), "Retry-After": rfc(until)}, NOW)
    assert found == (None if until < date else (until - date).total_seconds())


def test_without_a_date_of_the_answer_the_machines_own_clock_decides():
    seconds = retry_after({"Retry-After": rfc(datetime.now(UTC) + timedelta(hours=1))})
    assert seconds is not None
    assert 3500 < seconds <= 3600


def test_a_failure_of_which_nothing_is_known_may_have_been_a_success():
    assert delay(KEYED_WRITE, Outcome(), 1, FOREVER, 0.5) is None
    assert delay(READ, Outcome(), 1, FOREVER, 0.5) is not None


@pytest.mark.parametrize(("shared", "field"), [(READ, "attempts"), (Outcome(500), "status")])
def test_what_calls_share_cannot_be_changed(shared, field):
    with pytest.raises(AttributeError):
        setattr(shared, field, 1)


class Timed(RecordingTransport):
    """Keeps how long each attempt may take."""

    async def _send(self, request, timeout):
        self.timeouts.append(timeout)
        return await super()._send(request, timeout)


def timeouts(policy, answers, timeout=None):
    transport = Timed({"POST thing": answers})
    transport.timeouts, transport._chance = [], lambda: 0.0
    with recorded_client(transport) as client:
        client.request("POST", path("thing"), dict, body={}, policy=policy, timeout=timeout)
    return transport.timeouts


@pytest.mark.parametrize(("policy", "seconds"), [(READ, 30), (KEYED_WRITE, 60), (REPEATABLE_WRITE, 60), (POLL, 30)])
def test_an_attempt_may_take_as_long_as_its_class_of_calls_allows(policy, seconds):
    assert timeouts(policy, WORKLOAD) == [seconds]


def test_the_last_attempt_may_take_what_is_left_of_the_whole_call():
    again = Reply(429, headers={"Retry-After": "50"})
    assert timeouts(READ, [again, WORKLOAD]) == [30, 10]
    assert timeouts(KEYED_WRITE, WORKLOAD, timeout=7) == [7]


WORKLOAD = {"id": "wl_1", "name": "a", "status": "RUNNING"}


def unreachable(sent: bool) -> TransportError:
    error = TransportError("no route")
    error.sent = sent
    return error


def test_a_call_waits_as_the_policy_says_and_comes_back():
    replies = [Reply(503), unreachable(True), Reply(429, headers={"Retry-After": "30"}), WORKLOAD]
    transport = RecordingTransport({"GET workloads/wl_1": replies})
    with recorded_client(transport) as client:
        assert client.get_workload("wl_1").id == "wl_1"
    first, second, third = transport.sleeps
    assert 0 <= first <= 0.25
    assert 0 <= second <= 0.5
    assert 30 <= third <= 33


def test_a_call_never_outlasts_its_deadline():
    transport = RecordingTransport({"GET workloads/wl_1": Reply(503, headers={"Retry-After": "25"})})
    with recorded_client(transport) as client, pytest.raises(ServerError):
        client.get_workload("wl_1")
    assert len(transport.calls) == 3
    assert sum(transport.sleeps) < 60


def test_the_error_is_the_one_of_the_last_attempt():
    replies = [Reply(503), Reply(503), DeadlineExceeded("late"), Reply(429, {"message": "enough"})]
    transport = RecordingTransport({"GET workloads/wl_1": replies})
    with recorded_client(transport) as client, pytest.raises(RateLimitError, match="enough"):
        client.get_workload("wl_1")


@pytest.mark.parametrize("sent", [True, False])
def test_a_write_is_repeated_only_when_it_was_certainly_not_sent(sent):
    transport = RecordingTransport({"POST thing": [unreachable(sent), WORKLOAD]})
    with recorded_client(transport) as client:
        if sent:
            with pytest.raises(TransportError):
                client.request("POST", path("thing"), dict, body={})
        else:
            client.request("POST", path("thing"), dict, body={})
    assert len(transport.calls) == (1 if sent else 2)
