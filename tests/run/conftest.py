"""Real registries for the tests of images: Debian's docker-registry, open and with a password file.

And programs that stand in for engines that are not to be had.
"""

import os
import shutil
import socket
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from aiohttp import web
from aiohttp.test_utils import TestServer

from chamber.core.settings import Settings
from chamber.core.testing import FakeClock
from chamber.core.transport import Transport
from chamber.core.transport.exchange import Streamed
from chamber.run.targets import Registry

sys.path.insert(0, str(Path(__file__).parent))
from scripted import Scripted
from tokens import TokenService

_START_SECONDS = 20.0


class CountingTransport(Transport):
    """The real transport, which keeps what it was asked, and fails where it is told to."""

    def __init__(self) -> None:
        super().__init__(Settings("ch.test-token", "https://chamber.test/v1"), FakeClock())
        self.exchanges: list[tuple[str, str]] = []
        self.sent_headers: list[dict[str, str]] = []
        self.faults: list[Exception | None] = []

    @asynccontextmanager
    async def stream(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, **options: Any
    ) -> AsyncIterator[Streamed]:
        self.exchanges.append((method, url))
        self.sent_headers.append(dict(headers or {}))
        if self.faults and (fault := self.faults.pop(0)):
            raise fault
        async with super().stream(method, url, headers=headers, **options) as answer:
            yield answer

    def uploads(self) -> list[str]:
        """The paths that blobs were put to since the last call."""
        paths = [urlsplit(url).path for method, url in self.exchanges if method == "PUT" and "/blobs/" in url]
        self.exchanges.clear()
        return paths


@pytest.fixture
async def transport() -> AsyncIterator[CountingTransport]:
    made = CountingTransport()
    yield made
    await made.close()


@pytest.fixture(autouse=True)
def docker_config(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder in the place of whoever's ``~/.docker``."""
    folder = tmp_path_factory.mktemp("docker")
    monkeypatch.setenv("DOCKER_CONFIG", str(folder))
    return folder


@pytest.fixture
async def scripted() -> AsyncIterator[Scripted]:
    script = Scripted()
    app = web.Application(client_max_size=1 << 26)
    app.router.add_route("*", "/{path:.*}", script.answer)
    async with TestServer(app, host="127.0.0.1") as server:
        script.host = f"127.0.0.1:{server.port}"
        yield script


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """Puts a program of some shell lines on PATH, before all others; its calls are kept in ``<name>.calls``."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")

    def make(name: str, script: str) -> Path:
        path, calls = folder / name, folder / f"{name}.calls"
        path.write_text(f'#!/bin/sh\necho "$@" >> {calls}\n{script}\n')
        path.chmod(0o755)
        return calls

    return make


@pytest.fixture
def engine_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """Puts a shell script on an otherwise nearly empty PATH, by name and text. Returns the file where each call is
    written, one word a line, and an empty line after each call."""
    folder = tmp_path / "programs"
    folder.mkdir()
    log = tmp_path / "called"
    for needed in ("sh", "cat", "sleep", "printf"):
        (folder / needed).symlink_to(str(shutil.which(needed)))
    monkeypatch.setenv("PATH", str(folder))

    def put(name: str, script: str) -> Path:
        file = folder / name
        file.write_text(f'#!{shutil.which("sh")}\nprintf "%s\\n" "$@" "" >> {log}\n{script}\n')
        file.chmod(file.stat().st_mode | stat.S_IXUSR)
        return log

    return put


@pytest.fixture(scope="session")
def tool() -> Callable[[str], str]:
    """The path of a program that a test cannot do without."""

    def find(name: str) -> str:
        found = shutil.which(name)
        if found is None:
            reason = f"{name} is not installed (Debian: docker-registry, apache2-utils, skopeo)"
            if os.environ.get("CI") == "true":
                pytest.fail(reason)
            pytest.skip(reason)
        return found

    return find


@pytest.fixture(scope="session")
def open_registry(tool: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A registry that lets everyone in."""
    with _served(tool("docker-registry"), tmp_path_factory.mktemp("open"), {}) as host:
        yield Registry(host)


@pytest.fixture(scope="session")
def guarded_registry(tool: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A registry with one user."""
    folder = tmp_path_factory.mktemp("guarded")
    line = subprocess.run(
        [tool("htpasswd"), "-Bbn", "ada", "very secret"], check=True, capture_output=True, text=True
    ).stdout
    (folder / "htpasswd").write_text(line)
    auth = {"auth": {"htpasswd": {"realm": "tests", "path": str(folder / "htpasswd")}}}
    with _served(tool("docker-registry"), folder, auth) as host:
        yield Registry(host, "ada", "very secret")


@pytest.fixture
def registry_of_tokens(
    tool: Callable[[str], str], tmp_path: Path, scripted: Scripted
) -> Iterator[tuple[Registry, TokenService]]:
    """A registry whose tokens are given out by a service of the test's, at ``/token`` of `scripted`."""
    service = TokenService(tmp_path, {"ada": "very secret", "reader": "very secret"})
    scripted.answers["GET /token"] = service.answer
    settings = {
        "realm": f"http://{scripted.host}/token",
        "service": TokenService.SERVICE,
        "issuer": TokenService.ISSUER,
        "rootcertbundle": str(service.certificate),
    }
    with _served(tool("docker-registry"), tmp_path, {"auth": {"token": settings}}) as host:
        yield Registry(host, "ada", "very secret"), service


class _served:  # noqa: N801 - a context manager
    def __init__(self, program: str, folder: Path, extra: Mapping[str, Any]) -> None:
        self._program, self._folder, self._extra = program, folder, extra

    def __enter__(self) -> str:
        self._process, host = self._start()
        deadline = time.monotonic() + _START_SECONDS
        while not _answers(host):
            if self._process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"docker-registry did not start: {(self._folder / 'log').read_text()}")
            time.sleep(0.02)
        return host

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(_START_SECONDS)

    def _start(self) -> tuple[subprocess.Popen[bytes], str]:
        host = f"127.0.0.1:{_free_port()}"
        config = {
            "version": 0.1,
            "log": {"level": "error", "accesslog": {"disabled": True}},
            "storage": {"filesystem": {"rootdirectory": str(self._folder / "data")}},
            "http": {"addr": host},
            **self._extra,
        }
        (self._folder / "config.yml").write_text(yaml.safe_dump(config))
        with (self._folder / "log").open("wb") as log:
            command = [self._program, "serve", str(self._folder / "config.yml")]
            return subprocess.Popen(command, stdout=log, stderr=log), host


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(host: str) -> bool:
    name, _, port = host.partition(":")
    try:
        with socket.create_connection((name, int(port)), timeout=1):
            return True
    except OSError:
        return False
