"""Signals while the main thread drives the loop: the application's handlers work, and no loop is broken by them."""

from __future__ import annotations

import asyncio
import random
import signal
import threading

import pytest

START = """
import os, signal, sys, threading
from chamber.core import ChamberClient, ChamberError
from chamber.core.portal import call, driver, noted
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


INTERRUPTED = (
    START
    + """
async def body():
    with noted("what may be under way"):
        await client._async.get_workload("wl_1")
try:
    call(body())
except KeyboardInterrupt as interrupt:
    print(interrupt.__notes__, flush=True)
assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
before = driver.current()
print(client.get_workload("wl_1").id)
assert driver.current() is before
"""
)


def test_an_interrupt_says_what_is_under_way_and_keeps_the_loop(api, slow, popen):
    process = popen(INTERRUPTED, api.url)
    assert slow.wait(20)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (err, process.returncode, out) == ("", 0, "['what may be under way']\nwl_1\n")


STUCK = (
    START
    + """
import time
async def body():
    print("stuck", flush=True)
    while True:
        pass
caught = threading.Event()
def press():
    sys.stdin.readline()
    os.kill(os.getpid(), signal.SIGINT)
    while signal.getsignal(signal.SIGINT).interrupt is None:
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=press).start()
try:
    call(body())
except KeyboardInterrupt:
    print("let go", flush=True)
assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
print(client.get_workload("wl_1").id)
"""
)


def test_a_second_interrupt_ends_what_does_not_let_go(api, popen):
    process = popen(STUCK, api.url)
    assert process.stdout.readline() == "stuck\n"
    out, err = process.communicate("\n", timeout=30)
    assert (err, process.returncode, out) == ("", 0, "let go\nwl_1\n")


STORM = (
    START
    + """
answered, interrupted, told = 0, 0, -1
while True:
    try:
        if told < interrupted:
            told = interrupted
            os.write(1, b"again\\n")
        asked = f"wl_{answered}"
        assert client.get_workload(asked).id == asked
        answered += 1
        if answered >= int(sys.argv[2]) and interrupted >= int(sys.argv[3]):
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            print("done", flush=True)
            os._exit(0)
    except KeyboardInterrupt:
        interrupted += 1
"""
)


def test_interrupts_at_any_moment_lose_no_answer_and_no_loop(api, said, popen):
    """Each is sent after the one before it was heard, in the midst of whatever is going on then."""

    async def answer(request):
        return said({"id": request.path.rpartition("/")[2], "name": "a", "status": "x"}).response()

    api.answers(answer)
    process = popen(STORM, api.url, "30", "30")
    chance = random.Random(0)
    while (line := process.stdout.readline()) == "again\n":
        asked = len(api.requests) + chance.randrange(3)
        while len(api.requests) < asked and process.poll() is None:
            pass
        process.send_signal(signal.SIGINT)
    assert (line, process.wait(20), process.stderr.read()) == ("done\n", 0, "")


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
