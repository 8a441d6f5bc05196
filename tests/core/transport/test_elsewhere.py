"""Connections to another host than the API."""

from __future__ import annotations

import asyncio
import threading

import pytest

from chamber.core import TransportError
from chamber.core.settings import Settings
from chamber.core.transport import Transport


@pytest.fixture
async def transport(token):
    made = Transport(Settings(token, "https://api.invalid/v1", "org_1"))
    yield made
    await made.close()


async def read(other, url):
    async with other.get(url, {"X-Theirs": "1"}, timeout=20, silence=20) as streamed:
        return streamed.status, await streamed.read()


async def test_another_host_gets_nothing_of_ours(transport, api, said):
    api.answers(said(b"a line"))
    assert await read(transport.elsewhere(), f"{api.origin}/logs") == (200, b"a line")
    headers = api.requests[0].headers
    assert headers["x-theirs"] == "1"
    assert not {"authorization", "x-organization-id"} & set(headers)


async def test_what_is_under_way_elsewhere_ends_with_the_client(transport, raw):
    asked = threading.Event()

    async def silent(reader, _writer):
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await reader.read()

    reading = asyncio.ensure_future(read(transport.elsewhere(), raw(silent)))
    assert await asyncio.to_thread(asked.wait, 20)
    await transport.close()
    with pytest.raises(TransportError, match="closed while"):
        await reading
