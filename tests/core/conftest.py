"""Real servers on loopback, real clients, and a clean environment for every test of chamber.core."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import itertools
import json
import os
import ssl
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from chamber.core import AsyncChamberClient, ChamberClient
from chamber.core.testing import FakeClock
from chamber.core.transport import Transport

_numbers = itertools.count()
TOKEN = "ch.a-token-that-must-not-be-shown"
WORKLOAD = {"id": "wl_1", "name": "train", "status": "RUNNING"}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Said:
    """What the server is to answer."""

    body: Any = field(default_factory=lambda: dict(WORKLOAD))
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    def response(self) -> web.Response:
        raw = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        return web.Response(body=raw, status=self.status, headers={"Content-Type": "application/json", **self.headers})


@dataclass
class Seen:
    """What the server was asked."""

    method: str
    target: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Loopback:
    """An event loop in a thread, with servers on it."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self._closers: list[Callable[[], Awaitable[None]]] = []

    def run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    async def http(self, handler: Handler, tls: ssl.SSLContext | None = None) -> int:
        application = web.Application()
        application.router.add_route("*", "/{tail:.*}", handler)
        runner = web.AppRunner(application, shutdown_timeout=0, handler_cancellation=True)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        self._closers.append(runner.cleanup)
        return runner.addresses[0][1]

    async def raw(self, handler: Callable[..., Awaitable[None]]) -> int:
        async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                try:
                    await handler(reader, writer)
                finally:
                    writer.close()
                    await writer.wait_closed()

        server = await asyncio.start_server(once, "127.0.0.1", 0)

        async def stop() -> None:
            server.close()

        self._closers.append(stop)
        return int(server.sockets[0].getsockname()[1])

    def stop(self) -> None:
        async def close() -> None:
            for closing in self._closers:
                await closing()
            for _ in range(10):  # a connection that was just accepted becomes a transport, which can be closed
                await asyncio.sleep(0)
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            for _ in range(3):  # transports say goodbye in the rounds after
                await asyncio.sleep(0)

        self.run(close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()


class Api:
    """An HTTP server that answers from a script, the last line of which is repeated, and keeps what it was asked."""

    def __init__(self, loopback: Loopback) -> None:
        self.requests: list[Seen] = []
        self.connections: set[Any] = set()
        self._script: list[Said | Handler] = [Said()]
        self.port: int = loopback.run(loopback.http(self._answer))
        self.origin = f"http://127.0.0.1:{self.port}"
        self.url = f"{self.origin}/v1"

    def answers(self, *script: Said | Handler) -> None:
        self._script = list(script)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.connections.add(request.transport and request.transport.get_extra_info("peername"))
        headers = {name.lower(): value for name, value in request.headers.items()}
        seen = Seen(request.method, request.raw_path, dict(request.query), headers, await request.read())
        self.requests.append(seen)
        line = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        return line.response() if isinstance(line, Said) else await line(request)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    home = tmp_path_factory.getbasetemp() / f"home-{next(_numbers)}"  # mktemp looks at all that are there
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))


@pytest.fixture
def said() -> type[Said]:
    return Said


@pytest.fixture
def token() -> str:
    return TOKEN


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    found = Loopback()
    yield found
    found.stop()


@pytest.fixture
def api(loopback: Loopback) -> Api:
    return Api(loopback)


@pytest.fixture
def raw(loopback: Loopback) -> Callable[..., str]:
    """Start a TCP server with a handler of (reader, writer), and return its URL."""

    def start(handler: Callable[..., Awaitable[None]]) -> str:
        return f"http://127.0.0.1:{loopback.run(loopback.raw(handler))}/v1"

    return start


@pytest.fixture
def client(api: Api) -> Iterator[ChamberClient]:
    with ChamberClient(TOKEN, api.url) as made:
        yield made


@pytest.fixture
def connect() -> Iterator[Callable[..., ChamberClient]]:
    """Make blocking clients that are closed after the test."""
    made: list[ChamberClient] = []

    def make(url: str, **options: Any) -> ChamberClient:
        made.append(ChamberClient(TOKEN, url, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def patient(connect: Callable[..., ChamberClient], api: Api) -> tuple[ChamberClient, FakeClock]:
    """A client of the server whose waits between attempts take no time, and the clock that they move."""
    made, clock = connect(api.url), FakeClock()
    made._async._transport = Transport(made._async._settings, clock)
    return made, clock


@pytest.fixture
async def async_client(api: Api) -> Any:
    async with AsyncChamberClient(TOKEN, api.url) as made:
        yield made


@pytest.fixture
def script(tmp_path: Any) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a program in a fresh interpreter of its own."""

    def run(code: str, *arguments: str, timeout: float = 20, **environment: str) -> subprocess.CompletedProcess[str]:
        file = tmp_path / "program.py"
        file.write_text(code)
        return subprocess.run(
            [sys.executable, str(file), *arguments],
            capture_output=True,
            text=True,
            timeout=timeout,
            env={**os.environ, **environment},
            cwd=tmp_path,
            check=False,
        )

    return run


@pytest.fixture
def popen(tmp_path: Any) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a program in a fresh interpreter of its own, to be talked to."""
    started: list[subprocess.Popen[str]] = []

    def run(code: str, *arguments: str) -> subprocess.Popen[str]:
        file = tmp_path / "program.py"
        file.write_text(code)
        pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        started.append(subprocess.Popen([sys.executable, str(file), *arguments], text=True, cwd=tmp_path, **pipes))
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of an authority that nobody knows, and of a certificate of its for localhost."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    folder = tmp_path_factory.mktemp("tls")
    key, own_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = _certificate("Nobody's authority", key.public_key(), "Nobody's authority", key, ca=True)
    own = _certificate("localhost", own_key.public_key(), "Nobody's authority", key, ca=False)
    private = own_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "root.pem").write_bytes(root.public_bytes(serialization.Encoding.PEM))
    (folder / "server.pem").write_bytes(own.public_bytes(serialization.Encoding.PEM) + private)
    return folder


def _certificate(name: str, public: Any, issuer: str, key: Any, *, ca: bool) -> Any:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import NameOID

    now = dt.datetime.now(dt.UTC)
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]) for text in (name, issuer)]
    made = (
        x509.CertificateBuilder(names[1], names[0], public, x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .add_extension(_usage(ca=ca), critical=True)
    )
    return made.sign(key, hashes.SHA256())


def _usage(*, ca: bool) -> Any:
    """What RFC 5280, section 4.2.1.3, has an authority say; Python verifies strictly since 3.13."""
    from cryptography import x509

    other = dict.fromkeys(("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False)
    return x509.KeyUsage(
        digital_signature=True, key_cert_sign=ca, crl_sign=ca, encipher_only=False, decipher_only=False, **other
    )
