"""Every operation under every fault of the network, on both faces: a result or an error of ours, and in time."""

import asyncio
import importlib
import pathlib
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from reliability.proxy import ANSWERS, CONNECT, NETWORK, FaultProxy

from chamber.core import AsyncChamberClient, ChamberClient, ChamberError, path

#: Seconds for each call, and how far beyond it may end.
DEADLINE, GRACE = 0.4, 0.25
#: How often a call that ended late is made again, alone: it may have been the machine.
AGAIN = 4

#: Kinds that stand for their phases in every run; the others are for CI.
SAMPLE = {"refused", "reset_after_head", "status_502", "too_late", "html", "drip", "redirect_loop"}

#: Operations whose own `timeout` is that of a wait.
WAITS = {"wait_for_completion", "wait_for_all", "watch_workload"}


def _calls():
    """The operations of core, metrics and admin, with arguments: the table of the dialects' tests."""
    folder = pathlib.Path(__file__).parents[2] / "dialects"
    sys.path.insert(0, str(folder))
    try:
        calls = importlib.import_module("calls").CALLS
    finally:
        sys.path.remove(str(folder))
    waits = {"poll_interval": 0.05, "timeout": DEADLINE}
    made = [(c.operation, c.arguments, waits if c.operation in WAITS else c.options) for c in calls]
    return [
        *made,
        ("submit_job", ("train", "team", "H100"), {}),
        ("submit_job", ("train", "team", "H100"), {"timeout": DEADLINE}),
        ("resolve_submission", ("mine",), {}),
        ("request", ("GET", path("thing"), dict), {}),
        ("request", ("POST", path("thing"), dict), {"body": {}}),
    ]


CALLS = _calls()


def settings(url):
    return {"token": "ch.a-token-of-nobody", "api_url": url, "timeout": DEADLINE}


class Pulse:
    """A thread that sleeps again and again, and adds up how much too late it is woken: the machine has no time."""

    def __init__(self):
        self._late, self._slept = 0.0, time.monotonic()
        threading.Thread(target=self._beat, daemon=True).start()

    @property
    def late(self):
        """Seconds so far, those of the sleep that should be over by now included."""
        return self._late + max(0.0, time.monotonic() - self._slept - 2 * EVERY)

    def _beat(self):
        while True:
            time.sleep(EVERY)
            self._late, self._slept = self.late, time.monotonic()


class Watch:
    """How long something took, without the time for which the machine let nobody run."""

    def __init__(self):
        self._began, self._late = time.monotonic(), PULSE.late

    def took(self):
        return time.monotonic() - self._began - (PULSE.late - self._late)


EVERY = 0.01
PULSE = Pulse()


class Blocking:
    """Makes calls with the blocking client, all at once, each in a thread of its own."""

    def all(self, url, calls):
        with ChamberClient(**settings(url)) as client, ThreadPoolExecutor(len(calls)) as pool:
            ready = threading.Barrier(len(calls))
            return list(pool.map(lambda call: self._timed(client, call, ready), calls))

    def _timed(self, client, call, ready):
        operation, arguments, options = call
        ready.wait(20)
        watch = Watch()
        try:
            made = getattr(client, operation)(*arguments, **options)
            ended = list(made) if hasattr(made, "send") else made
        except Exception as error:
            ended = error
        return ended, watch.took()


class Awaiting:
    """Makes calls with the async client, all at once."""

    def all(self, url, calls):
        return asyncio.run(self._all(url, calls))

    async def _all(self, url, calls):
        async with AsyncChamberClient(**settings(url)) as client:
            return await asyncio.gather(*(self._timed(client, call) for call in calls))

    async def _timed(self, client, call):
        operation, arguments, options = call
        watch = Watch()
        try:
            made = getattr(client, operation)(*arguments, **options)
            ended = [item async for item in made] if hasattr(made, "asend") else await made
        except Exception as error:
            ended = error
        return ended, watch.took()


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Answers are too long sooner, so that it takes no time to find out."""
    monkeypatch.setattr("chamber.core.transport.calls._LARGEST_ANSWER", 1 << 20)


def check(face, url):
    late = []
    for call, (ended, took) in zip(CALLS, face.all(url, CALLS), strict=True):
        assert not isinstance(ended, Exception) or isinstance(ended, ChamberError), (call[0], ended)
        if took > DEADLINE + GRACE:
            late.append(call)
    for call in late:
        times = []
        for _ in range(AGAIN):
            ((_ended, took),) = face.all(url, [call])
            times.append(took)
            if took <= DEADLINE + GRACE:
                break
        assert min(times) <= DEADLINE + GRACE, (call[0], times)


def _marked(kinds):
    marks = {True: [], False: [pytest.mark.reliability]}
    return [pytest.param(kind, id=kind.name, marks=marks[kind.name in SAMPLE]) for kind in kinds]


FACE = pytest.mark.parametrize("face", [Blocking(), Awaiting()], ids=["blocking", "awaiting"])


@pytest.fixture(scope="module")
def faulty():
    with FaultProxy() as running:
        yield running


@FACE
@pytest.mark.parametrize("kind", _marked(ANSWERS))
def test_every_operation_ends_in_time_with_a_result_or_an_error_of_ours(face, faulty, kind):
    faulty.befall(kind, times=None)
    check(face, faulty.url)


@FACE
@pytest.mark.parametrize("kind", _marked(CONNECT))
def test_every_operation_ends_in_time_when_it_cannot_connect(face, faulty, kind):
    with kind.fault(faulty.url) as url:
        check(face, url)


def test_the_table_has_at_least_sixty_kinds_of_the_network_and_each_once():
    assert len({kind.name for kind in NETWORK}) == len(NETWORK)
    assert {kind.name for kind in NETWORK} >= SAMPLE
