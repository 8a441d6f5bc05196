"""Whether a read was sent is noted until there is an answer; afterwards it is told from how it failed."""

import socket

import pytest

from chamber.core import TransportError
from chamber.core.transport.connections import Connections
from chamber.core.transport.exchange import Request, exchange


async def answered(connections: Connections, url: str) -> int:
    async with exchange(connections, Request("GET", url, {}), 5) as answer:
        await answer.read()
    return answer.status


async def test_a_read_that_finds_nobody_after_an_answer_was_not_sent(api):
    connections = Connections()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    assert await answered(connections, f"{api.url}/workloads/wl_1") < 500
    assert connections.under_way.has_answered
    with pytest.raises(TransportError, match="Could not be reached") as caught:
        await answered(connections, nobody)
    assert caught.value.sent is False
    assert not connections.under_way.has_answered
    await connections.close()


async def test_a_read_whose_answer_breaks_off_after_another_one_may_have_been_sent(api, raw):
    async def breaks_off(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    connections = Connections()
    assert await answered(connections, f"{api.url}/workloads/wl_1") < 500
    with pytest.raises(TransportError, match="The connection broke off") as caught:
        await answered(connections, raw(breaks_off))
    assert caught.value.sent is True
    await connections.close()
