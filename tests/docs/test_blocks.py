"""Every block of code in what users read is run, or checked where it needs what is not here."""

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
    "packages/chamber-compat/README.md": "tests/compat/test_documents.py",
    "packages/chamber-local/README.md": "tests/local/test_readme.py",
    "packages/chamber-metrics/README.md": "tests/metrics/test_readme.py",
}
#: Pages whose jobs are not run: they are submitted without an image.
SIMULATED = {
    "docs/how-to/many-jobs.md",
    "docs/how-to/settings.md",
    "docs/reference/async-client.md",
    "packages/chamber-core/README.md",
}
KINDS = {"python", "console", "text", "yaml", "toml", "json", "dockerfile"}
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
    with LocalChamber(
        executor=executor,
        data_dir=tmp_path / "chamber",
        gpus={"H100": 64, "A100": 64},
        teams=[{"id": "ml", "name": "ML", "gpu_hours": 1000}, {"id": "team-id"}],
    ) as chamber:
        monkeypatch.setenv("CHAMBER_TOKEN", chamber.token)
        monkeypatch.setenv("CHAMBER_API_URL", chamber.api_url)
        try:
            running.Page(folder, {"registry.example.com": chamber.registry}).run(page)
        finally:
            for transport in opened:  # documents may leave that to the interpreter's end
                portal.call(transport.close())


def _folder(tmp_path):
    """What documents speak of: a project with a script."""
    project = tmp_path / "here" / "my-project"
    project.mkdir(parents=True)
    (project / "train.py").write_text("import sys\n\nprint('trained', *sys.argv[1:])\n")
    return project.parent
