"""One loop, driven now by a caller and now by the daemon: connections, forks, ends and exceptions on the way."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import gc
import queue
import random
import ssl
import threading
import weakref

import pytest

from chamber.core import ChamberClient, ChamberError, TransportError, portal
from chamber.core.portal import driver
from chamber.core.portal.wheel import DAEMON

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
START = """
import os, signal, sys, threading
from chamber.core import ChamberClient, ChamberError
from chamber.core.paths import path
from chamber.core.portal import call, driver, in_caller
client = ChamberClient("ch.a", sys.argv[1])
"""


async def where() -> int:
    """The thread that drives the loop."""
    return threading.get_ident()


def quieten() -> None:
    """Have calls come one after the other until the daemon has handed the loop back."""
    for _ in range(1000):
        if portal.call(where()) == threading.get_ident():
            return
    pytest.fail("the daemon keeps the loop")


def test_a_call_that_is_alone_is_run_in_its_own_thread():
    quieten()
    assert portal.call(where()) == threading.get_ident()


def test_an_idle_loop_is_driven_all_the_same(monkeypatch):
    """So that what ends meanwhile is noticed, and timers go off."""
    quieten()
    driven = threading.Event()
    loop = driver.current().loop()
    loop.call_soon_threadsafe(driven.set)
    assert driven.wait(20)


def test_a_second_caller_is_answered_while_the_first_one_waits():
    quieten()
    gate: queue.SimpleQueue[asyncio.Event] = queue.SimpleQueue()
    first: list[int] = []

    async def waits() -> int:
        gate.put(event := asyncio.Event())
        before = threading.get_ident()
        await event.wait()
        return before

    thread = threading.Thread(target=lambda: first.append(portal.call(waits())))
    thread.start()
    event = gate.get(timeout=20)

    async def opens() -> int:
        event.set()
        return threading.get_ident()

    assert portal.call(opens()) != threading.get_ident()
    thread.join(20)
    assert first == [thread.ident]


def test_the_loop_is_handed_back_after_calls_of_many_threads():
    threads = [threading.Thread(target=lambda: [portal.call(where()) for _ in range(20)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    quieten()


def test_what_waits_for_another_callers_work_is_run_by_the_daemon():
    async def body() -> int:
        before = await portal.in_caller(threading.get_ident)
        assert before != threading.get_ident()
        return before

    quieten()
    assert portal.call(body()) == threading.get_ident()


def test_a_listing_is_left_to_the_daemon_between_its_items():
    """Else its next page would come when somebody asks for it."""
    drivers = []

    async def numbers():
        for number in range(3):
            drivers.append(threading.get_ident())
            yield number

    quieten()
    items = portal.each(numbers())
    assert list(items) == [0, 1, 2]
    assert threading.get_ident() not in drivers
    quieten()


def test_a_coroutine_sees_the_variables_of_its_caller_and_keeps_its_own():
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="nothing")

    async def body() -> str:
        seen = variable.get()
        variable.set("the coroutine's")
        return seen

    quieten()
    token = variable.set("the caller's")
    assert (portal.call(body()), variable.get()) == ("the caller's", "the caller's")
    variable.reset(token)


@pytest.mark.parametrize("alone", [True, False])
def test_an_exception_is_gone_when_nobody_holds_it(alone):
    class Failure(Exception):
        pass

    async def fails() -> None:
        raise Failure

    def seen() -> weakref.ref[BaseException]:
        try:  # what pytest catches it with would hold it
            portal.call(fails())
        except Failure as error:
            return weakref.ref(error)
        raise AssertionError

    quieten()
    with contextlib.nullcontext() if alone else driver.current().reading_ahead():
        portal.call(where())
        gc.disable()
        try:
            assert seen()() is None
        finally:
            gc.enable()


def test_a_call_leaves_no_garbage():
    quieten()
    gc.collect()
    gc.disable()
    try:
        for _ in range(100):
            portal.call(where())
        assert gc.collect() < 100
    finally:
        gc.enable()


def test_an_exception_that_breaks_a_drive_off_ends_the_loop_and_the_next_call_has_another(client):
    quieten()
    broken = driver.current()

    async def body() -> None:
        asyncio.get_running_loop().call_soon(_raise)
        await asyncio.Event().wait()

    def _raise() -> None:
        raise SystemExit(3)

    assert client.get_workload("wl_1").id == "wl_1"
    with pytest.raises(SystemExit):
        portal.call(body())
    assert driver.current() is not broken
    broken._thread.join(20)
    assert broken._loop.is_closed()
    assert client.get_workload("wl_1").id == "wl_1"


def test_who_waits_for_a_loop_that_is_broken_off_is_told():
    """The first caller breaks it off in the moment in which the second one has handed its call over."""
    quieten()
    begun = threading.Barrier(2, timeout=20)
    told: list[TransportError] = []
    both = driver.current()

    async def waits() -> None:
        with portal.noted("what came before"):
            await asyncio.Event().wait()

    def other() -> None:
        begun.wait()
        try:
            portal.call(waits())
        except TransportError as error:
            told.append(error)

    thread = threading.Thread(target=other)
    thread.start()

    async def breaks() -> None:
        begun.wait()
        while not both._wheel.is_wanted:  # noqa: ASYNC110  set by another thread
            await asyncio.sleep(0)
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        portal.call(breaks())
    thread.join(20)
    assert [str(error) for error in told] == [str(driver.ended_early())]


@pytest.fixture
def half_closed(loopback, authority):
    """``half_closed(tls)`` -> a URL, what was asked, and how to end the first connection while nobody looks."""
    servers = []

    async def start(tls, heard, end):
        connections = []

        async def answer(reader, writer):
            connections.append(writer)
            mine = len(connections)
            try:
                with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                    while head := await reader.readuntil(b"\r\n\r\n"):
                        heard.append((mine, head.split(b" ")[0].decode()))
                        if b"POST" in head:
                            await reader.readexactly(2)
                        writer.write(ANSWER)
            finally:
                writer.transport.abort()

        async def close():
            connections[0].close()
            for _ in range(5):  # until it is on its way
                await asyncio.sleep(0)

        end.append(close)
        context = None
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(authority / "server.pem")
        servers.append(await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context))
        return servers[-1].sockets[0].getsockname()[1]

    def make(tls):
        heard, end = [], []
        port = loopback.run(start(tls, heard, end))
        return f"http{'s' if tls else ''}://localhost:{port}/v1", heard, lambda: loopback.run(end[0]())

    yield make
    for server in servers:
        loopback.loop.call_soon_threadsafe(server.close)


UNDRIVEN = (
    START
    + """
driver._MOMENT = 3600  # nobody drives between calls
client.request("GET", path("things"), dict)
for _ in range(20): call(in_caller(int))
client.request("GET", path("things"), dict)
print("first", flush=True)
sys.stdin.readline()
print(client.request("POST", path("things"), dict, body={}), flush=True)
"""
)


@pytest.mark.parametrize("tls", [False, True])
def test_nothing_is_sent_on_a_connection_that_ended_while_nobody_drove(half_closed, popen, authority, monkeypatch, tls):
    """A submission would be ambiguous, and a write without a key is not sent again."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority / "root.pem"))
    url, heard, end = half_closed(tls)
    process = popen(UNDRIVEN, url)
    assert process.stdout.readline() == "first\n"
    end()
    out, err = process.communicate("\n", timeout=20)
    assert (err, out) == ("", "{}\n")
    assert heard == [(1, "GET"), (1, "GET"), (2, "POST")]


FORKED_BESIDE = (
    START
    + """
begun, done = threading.Event(), threading.Event()
def drive():
    client.get_workload("wl_slow")
    done.set()
threading.Thread(target=drive).start()
sys.stdin.readline()
child = os.fork()
if child == 0:
    print("child", client.get_workload("wl_1").id, flush=True)
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
print("parent", client.get_workload("wl_1").id, flush=True)
done.wait(20)
print("drove", flush=True)
"""
)


def test_a_fork_beside_a_thread_that_drives_harms_neither(api, said, popen, monkeypatch):
    monkeypatch.setenv("PYTHONWARNINGS", "ignore:This process:DeprecationWarning")
    arrived, answered = threading.Event(), []

    async def slow(request):
        arrived.set()
        while len(answered) < 2:  # noqa: ASYNC110  events of two loops
            await asyncio.sleep(0.01)
        return said().response()

    async def quick(request):
        answered.append(request.path)
        return said().response()

    api.answers(slow, quick)
    process = popen(FORKED_BESIDE, api.url)
    assert arrived.wait(20)
    out, err = process.communicate("\n", timeout=30)
    assert (err, process.returncode) == ("", 0)
    assert out.splitlines() == ["child wl_1", "parent wl_1", "drove"]


EXITS = (
    START
    + """
import atexit
threading.Thread(target=lambda: client.get_workload("wl_1"), daemon=True).start()
sys.stdin.readline()
atexit.register(print, "bye")
"""
)


def test_the_interpreter_exits_while_a_daemon_thread_drives(api, popen):
    arrived = threading.Event()

    async def never(request):
        arrived.set()
        await asyncio.Event().wait()

    api.answers(never)
    process = popen(EXITS, api.url)
    assert arrived.wait(20)
    out, err = process.communicate("\n", timeout=20)
    assert (err, process.returncode, out) == ("", 0, "bye\n")


def test_a_client_that_another_thread_closes_ends_the_call_that_drives(api, connect):
    arrived = threading.Event()

    async def never(request):
        arrived.set()
        await asyncio.Event().wait()

    api.answers(never)
    client = connect(api.url)
    closing = threading.Thread(target=lambda: arrived.wait(20) and client.close())
    closing.start()
    with pytest.raises(ChamberError, match="closed"):
        client.get_workload("wl_1")
    closing.join(20)


class _Stress:
    """Threads that call in every way, at random; each answer has to be the one that was asked for."""

    def __init__(self, client: ChamberClient) -> None:
        self._client = client
        self.wrong: list[str] = []
        self.done = 0

    def run(self, seed: int, count: int) -> None:
        chance = random.Random(seed)
        for number in range(count):
            try:
                self._call(chance.randrange(6), f"wl_{seed}_{number}")
            except BaseException as error:
                self.wrong.append(repr(error))
            self.done += 1

    def _call(self, kind: int, asked: str) -> None:
        if kind == 0:
            found = [item.id for item in self._client.iter_workloads()]
            assert found == [f"wl_{n}" for n in range(6)], found
        elif kind == 1:
            self._is_interrupted()
        elif kind == 2:
            items = self._client.iter_workloads()
            assert next(items).id == "wl_0"
            assert self._client.get_workload(asked).id == asked
            items.close()
        else:
            found = self._client.get_workload(asked).id
            assert found == asked, found

    def _is_interrupted(self) -> None:
        def leave() -> None:
            raise KeyboardInterrupt

        async def body() -> None:
            await portal.in_caller(leave)

        with contextlib.suppress(KeyboardInterrupt):
            portal.call(body())


@pytest.fixture
def numbered(api, said):
    """A server that answers with what it is asked for: a workload by its id, or a listing of three pages."""

    async def answer(request):
        name = request.path.rpartition("/")[2]
        if name != "workloads":
            return said({"id": name, "name": "a", "status": "x"}).response()
        page = int(request.query.get("next_token", 0))
        rows = [{"id": f"wl_{2 * page + n}", "name": "a", "status": "x"} for n in range(2)]
        token = None if page == 2 else str(page + 1)
        return said({"workloads": rows, "metadata": {"next_token": token, "total_count": 6}}).response()

    api.answers(answer)
    return api


@pytest.mark.parametrize("threads", [1, 2, 8])
def test_calls_of_threads_are_each_answered_with_their_own(numbered, connect, threads):
    stress = _Stress(connect(numbered.url))
    running = [threading.Thread(target=stress.run, args=(seed, 400 // threads)) for seed in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(120)
    assert (stress.wrong, stress.done) == ([], 400 // threads * threads)


def test_two_clients_of_two_threads_take_turns(numbered, connect):
    """Each call alone, and in another thread than the one before."""
    turns = [threading.Semaphore(1), threading.Semaphore(0)]
    found: list[str] = []

    def work(own: int) -> None:
        client = connect(numbered.url)
        for number in range(100):
            assert turns[own].acquire(timeout=60)
            found.append(client.get_workload(f"wl_{own}_{number}").id)
            turns[1 - own].release()

    threads = [threading.Thread(target=work, args=(own,)) for own in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert found == [f"wl_{own}_{number}" for number in range(100) for own in range(2)]
    assert driver.current()._wheel.driver in {None, DAEMON}
