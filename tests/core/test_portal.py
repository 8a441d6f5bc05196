"""Blocking calls in every place that Python code runs in."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import queue
import threading
import weakref

import pytest

from chamber.core import ChamberClient, ClientClosedError, DeadlineExceeded, portal


@pytest.mark.parametrize("inside", [False, True])
def test_a_call_blocks_inside_and_outside_a_running_loop(client, inside):
    async def main() -> str:
        return client.get_workload("wl_1").id

    assert (asyncio.run(main()) if inside else client.get_workload("wl_1").id) == "wl_1"


def test_many_threads_share_one_client_and_one_loop(client, api):
    found: queue.SimpleQueue[tuple[str, threading.Thread | None]] = queue.SimpleQueue()

    def work() -> None:
        for _ in range(5):
            found.put((client.get_workload("wl_1").id, portal._portal._thread))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert {found.get_nowait() for _ in range(40)} == {("wl_1", portal._portal._thread)}
    assert len(api.requests) == 40


def test_a_callback_runs_in_the_thread_that_called():
    async def body() -> tuple[threading.Thread, threading.Thread]:
        return threading.current_thread(), await portal.in_caller(threading.current_thread)

    inside, outside = portal.call(body())
    assert outside is threading.current_thread()
    assert inside is not outside


async def test_on_the_async_face_a_callback_runs_right_here():
    assert await portal.in_caller(threading.current_thread) is threading.current_thread()


def test_what_a_callback_returns_and_takes_goes_through():
    async def body() -> int:
        return await portal.in_caller(int, "7") + await portal.in_caller(pow, 2, 3)

    assert portal.call(body()) == 15


@pytest.mark.parametrize("failure", [ValueError("mine"), KeyError("mine"), DeadlineExceeded("mine")])
def test_what_a_callback_raises_reaches_the_caller(failure):
    def fail() -> None:
        raise failure

    with pytest.raises(type(failure)) as caught:
        portal.call(portal.in_caller(fail))
    assert caught.value is failure


def test_a_callback_that_raises_stop_iteration_hangs_nobody():
    with pytest.raises(RuntimeError, match="StopIteration"):
        portal.call(portal.in_caller(next, iter(())))


def test_an_interrupt_of_a_listing_that_takes_its_time_to_end_is_told_as_it_is():
    closed = threading.Event()

    def leave() -> None:
        raise KeyboardInterrupt

    async def listing():
        try:
            yield await portal.in_caller(leave)
        finally:
            for _ in range(50):
                await asyncio.sleep(0)
            closed.set()

    with pytest.raises(KeyboardInterrupt):
        next(portal.each(listing()))
    assert closed.is_set()


@pytest.mark.parametrize("failure", [KeyboardInterrupt, SystemExit])
def test_an_exit_from_a_callback_cancels_the_coroutine(failure):
    cancelled = threading.Event()

    def leave() -> None:
        raise failure

    async def body() -> None:
        try:
            await portal.in_caller(leave)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    with pytest.raises(failure):
        portal.call(body())
    assert cancelled.wait(10)


class Value(Exception):
    """A result or an error, of which a weak reference can be had."""


@pytest.mark.parametrize("fails", [False, True])
def test_what_came_of_a_call_is_let_go_at_once_although_what_it_began_goes_on(fails):
    gone: list[weakref.ref[Value]] = []
    going: list[asyncio.Task[None]] = []

    async def body() -> Value:
        going.append(asyncio.ensure_future(asyncio.sleep(3600)))
        value = Value()
        gone.append(weakref.ref(value))
        if not fails:
            return value
        try:
            raise value
        finally:
            del value

    async def stop() -> None:
        going[0].cancel()

    gc.disable()
    try:
        with contextlib.suppress(Value):
            portal.call(body())
        assert gone[0]() is None
    finally:
        gc.enable()
        portal.call(stop())


def test_a_callback_may_itself_make_a_blocking_call(client):
    async def body() -> str:
        return await portal.in_caller(lambda: client.get_workload("wl_1").id)

    assert portal.call(body()) == "wl_1"


def test_a_blocking_call_from_the_portals_own_thread_is_refused(client):
    async def body() -> None:
        client.get_workload("wl_1")

    with pytest.raises(ClientClosedError, match="AsyncChamberClient"):
        portal.call(body())


def test_a_callback_of_one_caller_never_runs_in_another():
    gate = threading.Barrier(2, timeout=10)
    found: dict[threading.Thread, list[threading.Thread]] = {}

    async def body() -> list[threading.Thread]:
        return [await portal.in_caller(threading.current_thread) for _ in range(50)]

    def work() -> None:
        gate.wait()
        found[threading.current_thread()] = portal.call(body())

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert {thread: set(seen) for thread, seen in found.items()} == {thread: {thread} for thread in threads}


def test_a_listing_dropped_in_the_portals_own_thread_is_closed():
    closed = threading.Event()

    async def numbers():
        try:
            yield 1
            yield 2
        finally:
            await asyncio.sleep(0)
            closed.set()

    items = [portal.each(numbers())]
    assert next(items[0]) == 1

    async def drop() -> None:
        items.clear()

    portal.call(drop())
    assert closed.wait(10)


def test_a_listing_is_closed_before_the_consumer_goes_on():
    closed: list[bool] = []

    async def numbers():
        try:
            yield 1
            yield 2
        finally:
            await asyncio.sleep(0)
            closed.append(True)

    items = portal.each(numbers())
    for _ in items:
        break
    items.close()
    assert closed == [True]


START = """
import atexit, os, sys, threading
from chamber.core import ChamberClient, ChamberError
client = ChamberClient("ch.a", sys.argv[1])
"""

PROGRAMS = {
    "in an atexit function": """
import atexit
atexit.register(lambda: print(client.get_workload("wl_1").id, flush=True))
""",
    "in an atexit function registered after the first call": """
import atexit
client.get_workload("wl_1")
atexit.register(lambda: print(client.get_workload("wl_1").id, flush=True))
""",
    "in an atexit function after the first call": """
import atexit
atexit.register(lambda: print(client.get_workload("wl_1").id, client.get_workload("wl_1").name, flush=True))
client.get_workload("wl_1")
""",
    "a listing in an atexit function": """
import atexit
atexit.register(lambda: print(*[item.id for item in client.iter_workloads()], flush=True))
client.get_workload("wl_1")
""",
    "by name in a thread that outlives the main one": """
import threading, sys
named = ChamberClient("ch.a", sys.argv[1].replace("127.0.0.1", "localhost"))
def late():
    threading.main_thread().join()
    print(named.get_workload("wl_1").id, flush=True)
threading.Thread(target=late).start()
""",
    "in a daemon thread of the application": """
import threading
thread = threading.Thread(target=lambda: print(client.get_workload("wl_1").id, flush=True), daemon=True)
thread.start(); thread.join()
""",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_call_works_while_the_interpreter_exits(script, api, said, name):
    both = {
        "id": "wl_1",
        "name": "train",
        "status": "RUNNING",
        "workloads": [{"id": "wl_1", "name": "a", "status": "x"}],
    }
    api.answers(said(both))
    done = script(START + PROGRAMS[name], api.url)
    assert (done.stderr, done.returncode) == ("", 0)
    assert done.stdout.startswith("wl_1")


def test_a_call_while_the_interpreter_takes_itself_apart_is_refused(client, monkeypatch):
    """No thread can be started then, and waiting for one would never end."""
    monkeypatch.setattr("sys.is_finalizing", lambda: True)
    with pytest.raises(ClientClosedError, match="exiting"):
        client.get_workload("wl_1")
    monkeypatch.undo()


IN_FLIGHT = (
    START
    + """
started = threading.Event()
def forever():
    started.set()
    client.get_workload("wl_1")
for _ in range(3):
    threading.Thread(target=forever, daemon=True).start()
started.wait()
sys.stdin.readline()
atexit.register(print, "bye")
"""
)


def test_the_interpreter_exits_at_once_with_calls_in_flight(api, said, popen):
    """Quietly, too: the daemon threads that wait for the calls are never told how they ended."""
    arrived = threading.Semaphore(0)

    async def never(request):
        arrived.release()
        await asyncio.Event().wait()

    api.answers(never)
    process = popen(IN_FLIGHT, api.url)
    for _ in range(3):
        assert arrived.acquire(timeout=20)
    out, err = process.communicate("\n", timeout=3)
    assert (err, process.returncode, out) == ("", 0, "bye\n")


INTERRUPTED = (
    START
    + """
try:
    client.get_workload("wl_1")
except KeyboardInterrupt:
    print("interrupted", flush=True)
client.health()
"""
)


def test_an_interrupt_cancels_the_call_and_the_client_goes_on(api, said, popen):
    import signal

    arrived, ended = threading.Event(), threading.Event()

    async def never(request):
        arrived.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    api.answers(never, said({"status": "healthy"}))
    process = popen(INTERRUPTED, api.url)
    assert arrived.wait(20)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (err, process.returncode, out) == ("", 0, "interrupted\n")
    assert ended.wait(10)


FORKED = (
    START
    + """
def say(who): print(who, client.get_workload("wl_1").id, flush=True)
say("before")
child = os.fork()
if child == 0:
    say("child"); say("child again")
    sys.exit(0) if sys.argv[2] == "exit" else os._exit(0)
_, status = os.waitpid(child, 0)
assert status == 0, status
say("parent"); say("parent again")
"""
)
THREADS = "ignore:This process:DeprecationWarning"  # Python 3.12 and later warn of every fork beside threads
WORDS = ["before", "child", "child again", "parent", "parent again"]


@pytest.mark.parametrize("leave", ["exit", "_exit"])
def test_parent_and_child_both_go_on_after_a_fork(script, api, leave):
    done = script(FORKED, api.url, leave, PYTHONWARNINGS=THREADS)
    assert (done.stderr, done.returncode) == ("", 0)
    assert done.stdout.splitlines() == [f"{word} wl_1" for word in WORDS]
    assert len(api.connections) == 2, "the child made a connection of its own, and the parent kept its own"


def test_a_listing_goes_on_in_the_parent_after_a_fork(script, api, said):
    rows = [{"id": f"wl_{n}", "name": "a", "status": "x"} for n in range(3)]
    api.answers(said({"workloads": rows}))
    done = script(
        START + "items = client.iter_workloads(); next(items)\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    items.close()\n"
        "    os._exit(len(list(client.iter_workloads())))\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), [item.id for item in items])\n",
        api.url,
        PYTHONWARNINGS=THREADS,
    )
    assert (done.stderr, done.returncode) == ("", 0)
    assert done.stdout == "3 ['wl_1', 'wl_2']\n"


def test_clients_work_in_forked_worker_processes(script, api):
    done = script(
        "import multiprocessing, sys\n"
        "from chamber.core import ChamberClient\n"
        "client = ChamberClient('ch.a', sys.argv[1])\n"
        "def ask(n): return client.get_workload('wl_1').id\n"
        "if __name__ == '__main__':\n"
        "    client.get_workload('wl_1')\n"
        "    with multiprocessing.get_context('fork').Pool(3) as pool: print(set(pool.map(ask, range(12))))\n"
        "    print(client.get_workload('wl_1').id)\n",
        api.url,
        PYTHONWARNINGS=THREADS,
    )
    assert (done.stderr, done.returncode, done.stdout) == ("", 0, "{'wl_1'}\nwl_1\n")


def test_the_portal_starts_with_the_first_call_and_not_before(script, api):
    done = script(
        START + "print(threading.active_count()); client.get_workload('wl_1'); print(threading.active_count())",
        api.url,
    )
    assert done.stdout.split() == ["1", "2"]


def test_a_client_made_before_it_is_used_costs_nothing_to_close(api, token):
    with ChamberClient(token, api.url):
        pass
    assert api.requests == []


def test_a_coroutine_that_ends_the_process_ends_its_own_call_alone(client):
    async def body() -> None:
        raise SystemExit(3)

    for _ in range(2):
        with pytest.raises(SystemExit):
            portal.call(body())
        assert client.get_workload("wl_1").id == "wl_1"
