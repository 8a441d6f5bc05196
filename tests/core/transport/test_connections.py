"""Sessions: one for each loop, closed with it, quiet when nobody closed them."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref

import aiohttp
import pytest

from chamber.core import AsyncChamberClient, ChamberClient
from chamber.core.transport.connections import Connections


def sessions_of(client):
    return client._async._transport._connections._sessions


async def test_a_session_neither_reads_netrc_nor_retries_by_itself_nor_keeps_cookies():
    connections = Connections()
    session = await connections.session()
    assert session.trust_env is False
    assert session._retry_connection is False, "aiohttp renamed the switch of its silent retry"
    assert isinstance(session.cookie_jar, aiohttp.DummyCookieJar)
    assert await connections.session() is session
    await connections.close()
    assert session.closed


async def test_a_closed_session_is_replaced():
    connections = Connections()
    first = await connections.session()
    await connections.close()
    assert await connections.session() is not first
    await connections.close()


def test_a_session_is_closed_with_its_loop():
    connections = Connections()
    session = asyncio.run(connections.session())
    assert session.closed


def test_a_session_is_closed_when_its_client_is_dropped(api, token):
    client = ChamberClient(token, api.url)
    client.get_workload("wl_1")
    ((session, _plain, _keeper),) = sessions_of(client).values()
    closed = threading.Event()
    close, session.close = session.close, lambda: (closed.set(), close())[1]
    del client, _keeper
    gc.collect()
    assert closed.wait(10)


def test_clients_that_resolve_names_leave_no_threads_behind(api, token):
    url = api.url.replace("127.0.0.1", "localhost")

    def threads() -> list[threading.Thread]:
        return [thread for thread in threading.enumerate() if thread.name == "chamber-resolver"]

    for _ in range(3):
        with ChamberClient(token, url) as client:
            client.get_workload("wl_1")
    for thread in threads():
        thread.join(10)
    assert threads() == []
    assert len(api.requests) == 3


def test_loops_that_have_ended_are_not_kept():
    connections = Connections()
    loop = asyncio.new_event_loop()
    loop.run_until_complete(connections.session())
    ended = weakref.ref(loop)
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()
    del loop
    asyncio.run(connections.session())
    gc.collect()
    assert ended() is None


BLOCKING = """
import sys
from chamber.core import ChamberClient
client = ChamberClient("ch.a", sys.argv[1])
print(client.get_workload("wl_1").id)
"""
DROPPED = BLOCKING + "other = [client]; other.append(other); del client, other\nimport gc; gc.collect()\n"
LISTING = BLOCKING + "items = client.iter_workloads(); next(items)\n"
ASYNC = """
import asyncio, sys
from chamber.core import AsyncChamberClient
client = AsyncChamberClient("ch.a", sys.argv[1])
async def main(): print((await client.get_workload("wl_1")).id)
asyncio.run(main())
"""
OWN_LOOP = """
import asyncio, sys
from chamber.core import AsyncChamberClient
client = AsyncChamberClient("ch.a", sys.argv[1])
async def main(): print((await client.get_workload("wl_1")).id)
loop = asyncio.new_event_loop()
loop.run_until_complete(main())
loop.close()
"""
ASYNC_LISTING = """
import asyncio, sys
from chamber.core import AsyncChamberClient
client = AsyncChamberClient("ch.a", sys.argv[1])
async def main():
    async for item in client.iter_workloads():
        print(item.id)
        break
asyncio.run(main())
"""


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(BLOCKING, id="blocking"),
        pytest.param(DROPPED, id="dropped in a cycle"),
        pytest.param(LISTING, id="listing under way"),
        pytest.param(ASYNC, id="async"),
        pytest.param(OWN_LOOP, id="loop closed without shutting down"),
        pytest.param(ASYNC_LISTING, id="async listing left"),
    ],
)
def test_a_program_that_closes_nothing_ends_quietly(script, api, said, program):
    listing = "iter_workloads" in program
    rows = [{"id": "wl_1", "name": "a", "status": "RUNNING"}]
    pages = [said({"workloads": rows, "metadata": {"next_token": f"t{n}"}}) for n in range(9)]
    if listing:
        api.answers(*([said()] if program is LISTING else []), *pages)
    done = script(program, api.url)
    assert (done.stderr, done.returncode, done.stdout.split()) == ("", 0, ["wl_1"])


async def test_two_clients_share_no_connections(api, token):
    async with AsyncChamberClient(token, api.url) as one, AsyncChamberClient(token, api.url) as other:
        await one.get_workload("wl_1")
        await other.get_workload("wl_1")
    assert len(api.connections) == 2
