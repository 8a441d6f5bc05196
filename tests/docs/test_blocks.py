"""Every block of code in what users read is run, or checked where it needs what is not here."""

import signal

import pytest
import running
from pages import PAGES, ROOT, blocks, name

from chamber.core import client, portal
from chamber.local import LocalChamber

pytestmark = pytest.mark.once

#: Page → the test that runs its blocks, and looks at what comes of them.
ELSEWHERE = {
    "README.md": "tests/workspace/test_documents.py",
    "docs/migrating.md": "tests/compat/test_documents.py",
    "docs/testing.md": "tests/local/test_pytest_plugin.py",
    "packages/chamber-admin/README.md": "tests/admin/test_readme.py",
    "packages/chamber-command/README.md": "tests/command/test_readme.py",
    "packages/chamber-compat/README.md": "tests/compat/test_documents.py",
    "packages/chamber-local/README.md": "tests/local/test_readme.py",
    "packages/chamber-metrics/README.md": "tests/metrics/test_readme.py",
}
#: Pages whose jobs are not run: they are submitted without an image.
SIMULATED = {
    "docs/explain.md",
    "docs/how-to/many-jobs.md",
    "docs/how-to/settings.md",
    "docs/reference/async-client.md",
    "packages/chamber-core/README.md",
}
KINDS = {"python", "console", "text", "yaml", "toml", "json", "dockerfile"}
#: What documents take for granted: a team with a budget, half of whose reserved GPUs of one kind are its own.
ORGANIZATION = {
    "pools": [{"id": "h100", "gpu_type": "H100", "gpus": 64}, {"id": "h200", "gpu_type": "H200", "gpus": 8}],
    "teams": [{"id": "ml", "name": "ML", "gpu_hours": 1000}, {"id": "team-id"}],
}
#: The page that explains a workload which waits for reserved GPUs.
WAITING = "docs/explain.md"
RESERVED = {"reservations": [{"id": "res-ml", "pool": "h100", "gpus": 4, "team": "ml"}]}
RUN = [page for page in PAGES if name(page) not in ELSEWHERE and blocks(page)]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_block_is_of_a_kind_that_is_run(page):
    kinds = {block.language for block in blocks(page)}
    assert kinds - KINDS == ({""} & kinds if name(page) in ELSEWHERE else set())


@pytest.mark.parametrize("page", ELSEWHERE)
def test_what_is_run_elsewhere_is(page):
    assert page.rpartition("/")[2] in (ROOT / ELSEWHERE[page]).read_text("utf-8")


@pytest.mark.parametrize("page", RUN, ids=name)
def test_the_blocks_of_a_page_run(page, tmp_path, monkeypatch, own_settings):
    folder = _folder(tmp_path)
    executor = "simulated" if name(page) in SIMULATED else "process"
    started, opened = client._transport, []

    def impatient(settings):
        transport = started(settings)
        transport.clock = running.Impatient()
        opened.append(transport)
        return transport

    monkeypatch.chdir(folder)
    monkeypatch.setattr(client, "_transport", impatient)
    there = {**ORGANIZATION, **(RESERVED if name(page) == WAITING else {})}
    with LocalChamber(executor=executor, data_dir=tmp_path / "chamber", **there) as chamber:
        monkeypatch.setenv("CHAMBER_TOKEN", chamber.token)
        monkeypatch.setenv("CHAMBER_API_URL", chamber.api_url)
        words = {"registry.example.com": chamber.registry, **_workload(page, chamber)}
        terminated = signal.getsignal(signal.SIGTERM)
        try:
            running.Page(folder, words).run(page)
        finally:
            signal.signal(signal.SIGTERM, terminated)
            for transport in opened:  # documents may leave that to the interpreter's end
                portal.call(transport.close())


def _workload(page, chamber):
    """The workload that a page speaks of by an id, as the page says that it is."""
    if "wl_123" not in page.read_text("utf-8"):
        return {}
    with chamber.client() as opened:
        if name(page) != WAITING:
            job = opened.run("my-project", team="ml", wait=True, poll_interval=0.05)
        for _ in range(2 if name(page) == WAITING else 0):
            job = opened.submit_job("training", "ml", "H100", 4, metadata={"simulated_seconds": 3600})
            chamber.clock.advance(1)  # and the scheduler has looked
    return {"wl_123": job.id}


def _folder(tmp_path):
    """What documents speak of: a project with a script."""
    project = tmp_path / "here" / "my-project"
    project.mkdir(parents=True)
    (project / "train.py").write_text("import sys\n\nprint('trained', *sys.argv[1:])\n")
    return project.parent
