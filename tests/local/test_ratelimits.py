"""The token bucket as a function, and as clients of a real server meet it."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chamber.core.errors import ConfigurationError, RateLimitError
from chamber.core.testing import FakeClock
from chamber.local import LocalChamber, RateLimit, User
from chamber.local.ratelimits import Throttle, take

START = datetime(2026, 1, 1, tzinfo=UTC)


def at(seconds):
    return START + timedelta(seconds=seconds)


@settings(deadline=None)
@given(
    st.integers(1, 20),
    st.floats(0.1, 100),
    st.lists(st.floats(-5, 30), max_size=60),
)
def test_no_stretch_of_time_sees_more_requests_than_its_share(requests, per, steps):
    limit, bucket, now, through = RateLimit(requests=requests, per=per), None, 0.0, []
    for step in steps:
        now = max(now, now + step)
        bucket, seconds = take(limit, bucket, at(now))
        assert 0 <= bucket.left <= requests
        if not seconds:
            through.append(now)

    for first, begin in enumerate(through):
        for last in range(first, len(through)):
            assert last - first + 1 <= requests + (through[last] - begin) * requests / per + 1e-3


@settings(deadline=None)
@given(st.integers(1, 20), st.floats(0.1, 100), st.integers(1, 40))
def test_whoever_waits_as_told_is_let_through(requests, per, tried):
    limit, bucket = RateLimit(requests=requests, per=per), None
    for _ in range(tried):
        bucket, seconds = take(limit, bucket, START)

    if seconds:
        assert take(limit, bucket, at(seconds + 1e-5))[1] == 0


def test_a_clock_that_is_set_back_gives_nothing_and_takes_nothing():
    limit = RateLimit(requests=2, per=1)
    bucket, _ = take(limit, None, at(0))

    assert take(limit, bucket, at(-100))[0].left == 0


@pytest.mark.parametrize(
    ("form", "headers"),
    [("seconds", {"Retry-After": "5"}), ("date", {"Retry-After": "Thu, 01 Jan 2026 00:00:06 GMT"}), (None, {})],
)
def test_retry_after_has_the_form_that_was_asked_for(form, headers):
    throttle = Throttle(RateLimit(requests=2, per=10, retry_after=form))

    assert [throttle.refuses("ada", START) for _ in range(2)] == [None, None]
    refusal = throttle.refuses("ada", START)
    assert (refusal.seconds, refusal.headers) == (5.0, headers)
    assert throttle.refuses("bob", START) is None
    if form == "date":
        assert throttle.refuses("ada", parsedate_to_datetime(headers["Retry-After"])) is None


@pytest.mark.parametrize("wrong", [{"requests": 0}, {"per": 0}, {"per": float("inf")}, {"retry_after": "soon"}])
def test_a_limit_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(ConfigurationError):
        RateLimit(**{"requests": 1, **wrong})


@pytest.mark.parametrize(
    ("dialect", "body"),
    [("documented", {"code": "RATE_LIMITED", "details": []}), ("legacy", None)],
)
def test_each_token_has_a_limit_of_its_own_and_health_has_none(tools, dialect, body):
    limit = RateLimit(requests=2, per=3600)
    with LocalChamber(dialect, executor="simulated", rate_limit=limit, users=[User("ada")]) as chamber:
        call = tools.Caller(chamber)
        statuses = [call("GET", "/v1/teams").status for _ in range(2)]
        refused = call("GET", "/v1/teams")

        assert (statuses, refused.status) == ([200, 200], 429)
        assert 1 <= int(refused.headers["Retry-After"]) <= 1800
        assert (refused.json["error"] if body else refused.json) == {
            **(body or {}),
            "message": (refused.json["error"] if body else refused.json)["message"],
        }
        assert "too many requests" in refused.body.decode()
        ada = {"Authorization": f"Bearer {chamber.token_of('ada')}"}
        assert call("GET", "/v1/teams", headers=ada, token=False).status == 200
        assert call("GET", "/v1/health", token=False).status == 200
        assert call("GET", "/v1/teams", token=False).status == 401


@pytest.mark.parametrize("form", ["seconds", "date", None])
def test_a_client_waits_as_long_as_it_is_told(form):
    limit = RateLimit(requests=1, per=0.5, retry_after=form)
    with LocalChamber(executor="simulated", rate_limit=limit) as chamber, chamber.client() as client:
        for _ in range(3):
            assert client.list_teams()


def test_virtual_time_counts_for_limits():
    limit = RateLimit(requests=1, per=20)
    with (
        LocalChamber(executor="simulated", rate_limit=limit) as chamber,
        chamber.client(clock=chamber.virtual_time) as client,
    ):
        for _ in range(4):
            assert client.list_teams()

        assert len(chamber.virtual_time.sleeps) == 3
        assert sum(chamber.virtual_time.sleeps) >= 60 - 15


def test_a_client_that_is_told_to_wait_for_too_long_says_for_how_long():
    limit = RateLimit(requests=1, per=3600)
    with LocalChamber(executor="simulated", rate_limit=limit) as chamber, chamber.client(clock=FakeClock()) as client:
        client.list_teams()
        with pytest.raises(RateLimitError) as caught:
            client.list_teams()

        assert 3500 <= caught.value.retry_after <= 3600
