"""Whom the client trusts: known authorities, or those of the user's bundle; TLS 1.2 and up."""

from __future__ import annotations

import asyncio
import contextlib
import ssl

import pytest

from chamber.core import ChamberClient
from chamber.core.errors import TransportError
from chamber.core.settings import Settings
from chamber.core.transport import Transport

CALL = """
import sys
from chamber.core import ChamberClient
with ChamberClient("ch.a", sys.argv[1], timeout=20) as client:
    print(client.health().status)
"""
ANSWER = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{"status":"healthy"}'


@pytest.fixture
def serve(loopback, authority):
    """``serve(least, most)`` -> the URL of a server that speaks these versions of TLS, and what it was sent."""
    servers = []

    async def start(least, most, heard):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(authority / "server.pem")
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version, context.maximum_version = least, most

        async def answer(reader, writer):
            heard.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(ANSWER)
            await writer.drain()
            writer.close()

        servers.append(await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context))
        return servers[-1].sockets[0].getsockname()[1]

    def make(least=ssl.TLSVersion.TLSv1_2, most=ssl.TLSVersion.TLSv1_3):
        heard = []
        return f"https://localhost:{loopback.run(start(least, most, heard))}/v1", heard

    yield make
    for server in servers:
        loopback.loop.call_soon_threadsafe(server.close)


def test_a_certificate_of_an_unknown_authority_gets_no_token(serve):
    url, heard = serve()
    with ChamberClient("ch.a", url, timeout=20) as client, pytest.raises(TransportError, match="not trusted"):
        client.health()
    assert heard == []


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_the_users_own_bundle_of_authorities_is_heeded(serve, authority, script, version):
    url, heard = serve(version, version)
    done = script(CALL, url, SSL_CERT_FILE=str(authority / "root.pem"))
    assert (done.stdout, done.stderr) == ("healthy\n", "")
    assert b"Authorization: Bearer ch.a" in heard[0]


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1:DeprecationWarning")
def test_what_is_older_than_tls_1_2_is_not_spoken(serve, authority, script):
    url, heard = serve(ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1)
    done = script(CALL, url, SSL_CERT_FILE=str(authority / "root.pem"))
    assert "TransportError" in done.stderr
    assert heard == []


@pytest.mark.parametrize("knows", [True, False])
async def test_another_host_is_trusted_by_a_context_of_its_own(serve, authority, knows):
    url, heard = serve()
    context = ssl.create_default_context(cafile=authority / "root.pem") if knows else None
    transport = Transport(Settings("ch.a", url))
    with contextlib.nullcontext() if knows else pytest.raises(TransportError, match="not trusted"):
        async with transport.elsewhere(context).get(url, {}, timeout=20, silence=20) as streamed:
            assert await streamed.read() == b'{"status":"healthy"}'
    assert len(heard) == knows
    await transport.close()
