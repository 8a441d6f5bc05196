"""Signals while the main thread waits for a call: the application's handlers work, and no call is mixed up by them."""

from __future__ import annotations

import asyncio
import signal
import threading

import pytest

START = """
import os, signal, sys, threading
from chamber.core import ChamberClient, ChamberError
from chamber.core.portal import call
client = ChamberClient("ch.a", sys.argv[1], timeout=60)
"""


@pytest.fixture
def slow(api, said):
    """A server that never answers the first request, and says when it came; it answers the others."""
    arrived = threading.Event()

    async def never(request):
        arrived.set()
        await asyncio.Event().wait()

    api.answers(never, said())
    return arrived


HANDLED = (
    START
    + """
def leave(number, frame):
    raise TimeoutError("the application's own")
signal.signal(getattr(signal, sys.argv[2]), leave)
try:
    client.get_workload("wl_1")
except TimeoutError as error:
    print(error, flush=True)
print(client.get_workload("wl_1").id)
"""
)


@pytest.mark.parametrize("name", ["SIGALRM", "SIGTERM", "SIGUSR1", "SIGINT", "SIGWINCH", "SIGQUIT"])
def test_what_a_handler_of_the_application_raises_ends_the_call_as_it_is(api, slow, popen, name):
    """Were it taken for a failure of the network, the call would be tried again."""
    process = popen(HANDLED, api.url, name)
    assert slow.wait(20)
    process.send_signal(getattr(signal, name))
    out, err = process.communicate(timeout=20)
    assert (err, process.returncode, out) == ("", 0, "the application's own\nwl_1\n")


CALLING = (
    START
    + """
def leave(number, frame):
    print(client.get_workload("wl_2").id, flush=True)
    sys.exit(3)
signal.signal(signal.SIGTERM, leave)
client.get_workload("wl_1")
"""
)


def test_a_handler_may_call_the_client_while_a_call_waits(api, slow, popen):
    """As one does that cancels a job before its own process ends."""
    process = popen(CALLING, api.url)
    assert slow.wait(20)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=20)
    assert (err, process.returncode, out) == ("", 3, "wl_1\n")


THREADED = (
    START
    + """
import asyncio
answered = []
def work(own):
    for number in range(50):
        asked = f"wl_{own}_{number}"
        answered.append(client.get_workload(asked).id == asked)
threads = [threading.Thread(target=work, args=(own,)) for own in range(4)]
for thread in threads: thread.start()
try:
    call(asyncio.sleep(3600))
except KeyboardInterrupt:
    for thread in threads: thread.join()
    print(sum(answered), flush=True)
"""
)


def test_an_interrupt_of_the_main_thread_is_none_of_others(api, said, popen):
    async def answer(request):
        return said({"id": request.path.rpartition("/")[2], "name": "a", "status": "x"}).response()

    api.answers(answer)
    process = popen(THREADED, api.url)
    while len(api.requests) < 50:
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (err, process.returncode, out) == ("", 0, "200\n")
