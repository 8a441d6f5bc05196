"""A real browser, and Chambers with something to show."""

import contextlib
import json
import os
import pathlib
import shutil
import sqlite3
import sys
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Error, async_playwright, expect

from chamber.local import LocalChamber
from chamber.local.storage import workloads
from chamber.local.workloads import Status, Workload

#: What Chromium itself says of a request that fails; only tests of lost connections and sessions expect it.
LOST = "Failed to load resource"
#: Chromium drops its requests when a container of another test changes the networks of this machine.
CHANGED = "net::ERR_NETWORK_CHANGED"


#: What a browser does depends on no version of Python: in CI one is enough.
_PYTHON = (3, 11)


def pytest_collection_modifyitems(config, items):
    """Leaves out what needs a browser, in CI on other Pythons."""
    if os.environ.get("CI") != "true" or sys.version_info[:2] == _PYTHON:
        return
    here = pathlib.Path(__file__).parent
    browsing = [item for item in items if "visit" in getattr(item, "fixturenames", ()) and here in item.path.parents]
    items[:] = [item for item in items if item not in browsing]
    config.hook.pytest_deselected(items=browsing)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser():
    """Headless Chromium, one for all tests of a worker."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("Chromium is not here; bash tests/engines/install installs it")
    expect.set_options(timeout=30_000)
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=path)
        yield opened
        await opened.close()


@pytest_asyncio.fixture(loop_scope="session")
async def visit(browser, opened):
    """``visit(chamber)`` → a page that is signed in. In the end, nothing left the origin and nothing went wrong."""
    visits = []

    async def visit(chamber, address="", *, user=None, scheme="light", width=1280, height=900, losing=False, **options):
        context = await browser.new_context(
            color_scheme=scheme,
            viewport={"width": width, "height": height},
            locale="en-GB",
            timezone_id="UTC",
            **options,
        )
        context.set_default_timeout(30_000)
        visits.append(Visit(context, chamber, losing))
        page = await context.new_page()
        await _sign_in(page, chamber, user)
        if address:
            await page.goto(f"http://{chamber.registry}/{address}")
        return page

    yield visit
    for one in visits:
        await one.end()


class Visit:
    """Writes down what a browser asks for and complains of."""

    def __init__(self, context, chamber, losing):
        self.context, self.losing, self.origin = context, losing, f"http://{chamber.registry}/"
        self.asked, self.complaints = [], []
        context.on("request", lambda request: self.asked.append(request.url))
        context.on("console", self._told)
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))

    async def end(self):
        await self.context.close()
        assert [url for url in self.asked if not url.startswith(self.origin)] == []
        assert self.complaints == []

    def _told(self, message):
        lost = message.text.startswith(LOST) and (self.losing or CHANGED in message.text)
        if message.type in {"error", "warning"} and not lost:
            self.complaints.append(message.text)


async def _sign_in(page, chamber, user, tries=5):
    try:
        await page.goto(chamber.dashboard_url(user))
    except Error as error:
        if CHANGED not in str(error) or tries == 1:
            raise
        await _sign_in(page, chamber, user, tries - 1)
    await expect(page.get_by_role("heading", level=1)).to_be_visible()


@pytest.fixture
def opened():
    """``opened(executor="simulated", …)`` → a running Chamber, which ends after the pages that show it."""
    with contextlib.ExitStack() as stack:
        yield lambda **options: stack.enter_context(LocalChamber(**options))


@pytest.fixture
def chamber(opened):
    """A Chamber whose workloads last as long as their metadata says."""
    return opened(executor="simulated", gpus={"H100": 8, "A100": 4})


@pytest.fixture
def working(opened):
    """A Chamber whose workloads are real processes."""
    return opened(grace=1.0, sample_interval=0.1)


@pytest.fixture
def submit():
    """``submit(chamber, name, seconds=…)`` → its id; it runs for that long. With `code`, a process runs that."""

    def submit(chamber, name="job", *, seconds=3600, code=None, user=None, team=None, **options):
        manifest = _manifest(code) if code else None
        with chamber.client(user) as client:
            return client.submit_job(
                name,
                team or chamber.team,
                options.pop("gpu_type", "H100"),
                k8s_manifest=manifest,
                metadata={"simulated_seconds": seconds},
                **options,
            ).id

    return submit


@pytest.fixture
def stock():
    """``stock(chamber, 100)``: that many workloads that are over, named ``old-0`` and so on, oldest first."""

    def stock(chamber, number, begin=datetime(2026, 1, 1, tzinfo=UTC)):
        with contextlib.closing(sqlite3.connect(chamber._running.folder.database)) as connection, connection:
            for place in range(number):
                workloads.add(connection, _old(chamber.team, place, begin + timedelta(minutes=place)))

    return stock


@pytest.fixture
def violations():
    """``await violations(page)`` → what axe finds, as text that is empty when it finds nothing."""

    async def violations(page):
        found = await Axe().run(page)
        return found.generate_report() if found.violations_count else ""

    return violations


def _old(team, place, at):
    return Workload(
        id=f"wl_old_{place:06}",
        name=f"old-{place}",
        status=Status.FAILED if place % 10 == 0 else Status.COMPLETED,
        initiative_id=team,
        gpu_type="H100",
        requested_gpus=float(1 + place % 8),
        priority=100,
        submitted_by="local-user",
        submitted_at=at,
        started_at=at,
        completed_at=at + timedelta(seconds=90),
        capacity_pool_id="pool_h100",
    )


def _manifest(code):
    container = {"name": "main", "image": "chamber.local/python:latest", "command": ["python", "-u", "-c", code]}
    template = {"spec": {"containers": [container], "restartPolicy": "Never"}}
    return json.dumps({"apiVersion": "batch/v1", "kind": "Job", "spec": {"template": template}}, ensure_ascii=False)
