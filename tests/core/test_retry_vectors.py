"""Every row of vectors/retry.json, in fake time, on both faces: what is tried again, when, and how it ends."""

import json
import pathlib
from datetime import UTC, datetime

import aiohttp
import pytest

from chamber.core import errors, retry
from chamber.core.paths import path
from chamber.core.testing import FakeClock, RecordingTransport, Reply, recorded_async_client, recorded_client

VECTORS = json.loads((pathlib.Path(__file__).parent / "vectors" / "retry.json").read_text("utf-8"))
POLICIES = {
    "read": retry.READ,
    "keyed": retry.KEYED_WRITE,
    "repeatable": retry.REPEATABLE_WRITE,
    "poll": retry.POLL,
}


class Frozen(FakeClock):
    def now(self):
        return datetime(2015, 10, 21, 7, 28, tzinfo=UTC)


def _reply(answer):
    if "lost" in answer:
        return _lost(answer["lost"])
    return Reply(answer["status"], answer.get("body", {}), answer.get("headers", {}))


def _lost(how):
    lost = errors.DeadlineExceeded("late") if how == "late" else errors.TransportError(how)
    lost.sent = how in {"ambiguous", "late"}
    if how == "final":
        lost.__cause__ = aiohttp.InvalidUrlClientError("https://chamber.test")
    return lost


def _transport(vector):
    transport = RecordingTransport({"POST thing": [_reply(answer) for answer in vector["answers"]]})
    transport.clock = Frozen()
    transport._chance = lambda: 0.5
    transport._budget._tokens = vector.get("tokens", 500)
    return transport


def _arguments(vector):
    return {"policy": POLICIES[vector["class"]], "timeout": vector.get("timeout")}


def _check(vector, transport, error):
    assert transport.clock.sleeps == pytest.approx(vector["sleeps"])
    assert len(transport.calls) == vector["attempts"]
    assert ("ok" if error is None else type(error).__name__) == vector["ends"]
    if "left" in vector:
        assert transport._budget.tokens == vector["left"]
    if error is not None:
        assert error.attempts == vector["attempts"]
        assert error.retry_budget_exhausted == vector.get("exhausted", False)
        assert getattr(error, "retry_after", None) == vector.get("retry_after")


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_the_blocking_client_does_as_the_vector_says(vector):
    transport, error = _transport(vector), None
    with recorded_client(transport) as client:
        try:
            client.request("POST", path("thing"), dict, body={}, **_arguments(vector))
        except errors.ChamberError as raised:
            error = raised
    _check(vector, transport, error)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
async def test_the_async_client_does_as_the_vector_says(vector):
    transport, error = _transport(vector), None
    async with recorded_async_client(transport) as client:
        try:
            await client.request("POST", path("thing"), dict, body={}, **_arguments(vector))
        except errors.ChamberError as raised:
            error = raised
    _check(vector, transport, error)


def test_there_are_at_least_150_vectors_and_each_is_another():
    assert len(VECTORS) >= 150
    assert len({json.dumps({**v, "name": ""}, sort_keys=True) for v in VECTORS}) == len(VECTORS)
