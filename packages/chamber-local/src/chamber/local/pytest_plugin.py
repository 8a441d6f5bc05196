"""Fixtures for test suites of code that uses Chamber: each test gets a Chamber of its own.

pytest loads this module wherever chamber-local is installed, so it imports nothing but pytest before a fixture is used.
"""

from collections.abc import AsyncGenerator, Generator
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from chamber.core import AsyncChamberClient, ChamberClient
    from chamber.local import LocalChamber
    from chamber.local.faults import Faults

__all__ = ["chamber_client", "chamber_faults", "chamber_local", "pytest_addoption", "pytest_configure"]

_SETTINGS = {
    "executor": ("simulated", "what runs workloads: simulated (nothing does), process (of this host) or container"),
    "dialect": ("documented", "how it speaks: documented, or legacy"),
    "gpus": ("", "the GPUs that it has, such as H100=8,A100=4 (H100=8)"),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--chamber-local-executor`` and others; the ini settings are named alike: ``chamber_local_executor``."""
    group = parser.getgroup("chamber", "a Chamber for each test (chamber-local)")
    for name, (default, told) in _SETTINGS.items():
        group.addoption(f"--chamber-local-{name}", metavar=name.upper(), help=told)
        parser.addini(f"chamber_local_{name}", told, default=default)


def pytest_configure(config: pytest.Config) -> None:
    """Adds the marker, and the async fixture as the installed async plugin wants it."""
    config.addinivalue_line("markers", "chamber_local(**settings): arguments of LocalChamber for this test")
    holder = ModuleType("chamber_local_async")
    vars(holder)["async_chamber_client"] = _async_fixture(config)
    config.pluginmanager.register(holder, holder.__name__)


@pytest.fixture
def chamber_local(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> "Generator[LocalChamber, None, None]":
    """A running `LocalChamber` that this test alone uses, and that ``ChamberClient()`` speaks to during the test.

    ``@pytest.mark.chamber_local(executor="process")`` gives it other settings.
    """
    from chamber.local import LocalChamber

    _set_aside_own_settings(monkeypatch, tmp_path_factory.mktemp("chamber"))
    with LocalChamber(**_settings(request)) as chamber:
        monkeypatch.setenv("CHAMBER_API_URL", chamber.api_url)
        monkeypatch.setenv("CHAMBER_TOKEN", chamber.token)
        monkeypatch.setenv("CHAMBER_ORGANIZATION_ID", chamber.organization_id)
        yield chamber


@pytest.fixture
def chamber_client(chamber_local: "LocalChamber") -> "Generator[ChamberClient, None, None]":
    """A blocking client of `chamber_local`, whose waits end as soon as there is something to see."""
    with chamber_local.client(clock=chamber_local.virtual_time) as client:
        yield client


@pytest.fixture
def chamber_faults(chamber_local: "LocalChamber") -> "Faults":
    """What is to go wrong at `chamber_local`: see `chamber.local.faults.Faults`."""
    return chamber_local.faults


async def _async_chamber_client(chamber_local: "LocalChamber") -> "AsyncGenerator[AsyncChamberClient, None]":
    """An async client of `chamber_local`, whose waits end as soon as there is something to see."""
    async with chamber_local.async_client(clock=chamber_local.virtual_time) as client:
        yield client


def _async_fixture(config: pytest.Config) -> Any:
    """For pytest-asyncio in each of its modes; otherwise a plain one, which anyio's plugin knows to run."""
    if not config.pluginmanager.has_plugin("asyncio"):
        return pytest.fixture(name="async_chamber_client")(_async_chamber_client)
    import pytest_asyncio

    return pytest_asyncio.fixture(name="async_chamber_client")(_async_chamber_client)


def _set_aside_own_settings(monkeypatch: pytest.MonkeyPatch, folder: "Path") -> None:
    """So that no test reads or writes what whoever runs it has in the environment and in ``~/.chamber``."""
    import os

    for name in [name for name in os.environ if name.startswith("CHAMBER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("CHAMBER_CONFIG_DIR", str(folder))


def _settings(request: pytest.FixtureRequest) -> dict[str, Any]:
    from chamber.local.settings import gpus_of

    config, marker = request.config, request.node.get_closest_marker("chamber_local")
    asked = {
        name: config.getoption(f"--chamber-local-{name}") or config.getini(f"chamber_local_{name}")
        for name in _SETTINGS
    }
    return {**asked, "gpus": gpus_of(asked["gpus"]) if asked["gpus"] else None, **(marker.kwargs if marker else {})}
