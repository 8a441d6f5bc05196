"""No test reads or writes the settings of whoever runs it; and both faces of a client, called alike."""

import asyncio
import contextlib
import inspect
import os
import pathlib
import subprocess
import sys

import pytest
from filelock import FileLock

from chamber.core.testing import RecordingTransport, recorded_async_client, recorded_client

ROOT = pathlib.Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def own_settings(monkeypatch, tmp_path_factory):
    """An empty folder of settings for each test, and no variable of Chamber's from outside."""
    for name in [name for name in os.environ if name.startswith("CHAMBER_")]:
        monkeypatch.delenv(name)
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("CHAMBER_CONFIG_DIR", str(folder / ".chamber"))
    return folder / ".chamber"


@pytest.fixture(params=["blocking", "awaiting"])
def client_of(request):
    """``client_of(transport or Chamber)`` → its client, blocking or async, whose methods are called alike."""
    with contextlib.ExitStack() as stack:
        opened = _blocking if request.param == "blocking" else _awaiting
        yield lambda source: opened(source, stack)


@pytest.fixture
def call(client_of):
    """``call(replies, method, *arguments)`` → the result, and the calls as they would have been sent."""

    def call(replies, method, *arguments, **options):
        transport = replies if isinstance(replies, RecordingTransport) else RecordingTransport(replies)
        return getattr(client_of(transport), method)(*arguments, **options), transport.calls

    return call


def _blocking(source, stack):
    recorded = isinstance(source, RecordingTransport)
    return stack.enter_context(recorded_client(source) if recorded else source.client())


def _awaiting(source, stack):
    recorded = isinstance(source, RecordingTransport)
    return stack.enter_context(Awaited(recorded_async_client(source) if recorded else source.async_client()))


class Awaited:
    """An async client as if it blocked: each call runs to its end, each listing is exhausted."""

    def __init__(self, client):
        self._client, self._runner = client, asyncio.Runner()

    def __getattr__(self, name):
        found = getattr(self._client, name)
        return self._run(found) if callable(found) else found

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._runner.run(self._client.aclose())
        self._runner.close()

    def _run(self, method):
        def call(*arguments, **options):
            made = method(*arguments, **options)
            if inspect.isasyncgen(made):
                return self._runner.run(_collected(made))
            return self._runner.run(made) if inspect.iscoroutine(made) else made

        return call


async def _collected(listing):
    return [item async for item in listing]


def run_uv(*arguments):
    """Run uv; what it prints is shown when it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "uv", *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def wheels(tmp_path_factory):
    """A folder with a wheel of every member and of the example plugin, built once for all workers."""
    folder = tmp_path_factory.getbasetemp().parent / "wheels"
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            for source in [*ROOT.glob("packages/chamber-*"), ROOT / "examples" / "chamber-acme"]:
                run_uv("build", "--wheel", "--out-dir", folder, source)
    return folder


@pytest.fixture
def installed(wheels, tmp_path):
    """Makes a new environment with these distributions, and returns its Python."""

    def install(*distributions):
        python = tmp_path / "env" / "bin" / "python"
        run_uv("venv", "--python", sys.executable, python.parent.parent)
        run_uv("pip", "install", "--python", python, "--find-links", wheels, *distributions)
        return python

    return install


def pytest_sessionfinish(session):
    """In CI nothing may be skipped: what is missing there is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
