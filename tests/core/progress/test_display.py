import html.parser
import io
import os
import pty
import subprocess
import sys
from types import SimpleNamespace

import pytest
from rich.console import Console

from chamber.core.progress import Step, display
from chamber.core.progress.notebook import NotebookDisplay
from chamber.core.progress.terminal import TerminalDisplay
from chamber.local import LocalChamber

EVIL = '<script>alert("x")</script> [bold]not markup[/bold]'

PROGRAM = """
import os
from chamber.core import ChamberClient
with ChamberClient() as client:
    job = client.run("project", team="init_local", wait=True, poll_interval=0.05)
"""


@pytest.fixture
def terminal():
    """A display on a terminal, and what was written there."""
    written = io.StringIO()
    return TerminalDisplay(Console(file=written, force_terminal=True, width=100)), written


def test_the_display_keeps_one_line_for_each_stage(terminal):
    shown, written = terminal
    shown("config", "first")
    shown("upload", "half [of] it")
    shown("upload", "all of it")
    shown.close()
    last = written.getvalue().rpartition("config")[2]
    assert "first" in last
    assert "all of it" in last
    assert "half [of] it" not in last


def test_the_display_keeps_every_warning(terminal):
    shown, written = terminal
    for message in ("warning: first", "warning: second", "all"):
        shown("config", message)
    shown.close()
    last = written.getvalue().rpartition("first")[2]
    assert "second" in last
    assert "all" in last


def test_what_is_counted_has_a_bar_while_it_goes_on(terminal):
    shown, _ = terminal
    shown("upload", Step("5 of 10 bytes", 5, 10))
    assert "━" * 12 in _drawn(shown)
    assert "━" * 12 not in _drawn(shown).replace("━" * 12, "", 1).partition("╸")[0]
    shown("submit", "submitted")
    assert "━" not in _drawn(shown)
    shown.close()


def test_one_display_at_a_time_draws_on_the_terminal(terminal):
    shown, written = terminal
    other = TerminalDisplay(Console(file=io.StringIO(), force_terminal=True, width=100))
    shown("wait", Step("first"))
    other("wait", Step("is silent"))
    other.close()
    assert other._live.console.file.getvalue() == ""
    shown.close()
    late = TerminalDisplay(Console(file=io.StringIO(), force_terminal=True, width=100))
    late("wait", Step("draws again"))
    late.close()
    assert "draws again" in late._live.console.file.getvalue()
    assert "first" in written.getvalue()


def _drawn(shown):
    console = Console(file=io.StringIO(), width=100, force_terminal=False)
    console.print(shown.__rich__())
    return console.file.getvalue()


class Cell:
    """What a notebook shows below a cell: IPython's `display` with an id."""

    def __init__(self):
        self.shown, self.updates = [], 0

    def __call__(self, data, *, raw, display_id):
        assert raw
        assert display_id
        self.shown.append(data)
        return self

    def update(self, data, *, raw):
        assert raw
        self.updates += 1
        self.shown[-1] = data


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def test_a_notebook_shows_one_table_that_changes():
    cell = Cell()
    shown = NotebookDisplay(cell)
    shown("upload", Step("5 of 10 bytes", 5, 10))
    page = Page(cell.shown[0]["text/html"])
    assert ("progress", {"value": "0.500", "max": "1"}) in page.tags
    shown("wait", "job is COMPLETED")
    shown.close()
    assert (len(cell.shown), cell.updates) == (1, 2)
    page = Page(cell.shown[0]["text/html"])
    assert "progress" not in [tag for tag, _ in page.tags]
    assert "job is COMPLETED" in page.text
    assert cell.shown[0]["text/plain"] == "upload: 5 of 10 bytes\nwait: job is COMPLETED"


def test_no_message_becomes_markup_in_a_notebook():
    cell = Cell()
    NotebookDisplay(cell)("docker", EVIL)
    page = Page(cell.shown[0]["text/html"])
    assert {tag for tag, _ in page.tags} == {"table", "tbody", "tr", "td", "b"}
    assert EVIL in page.text


def test_a_notebook_of_which_nothing_was_told_shows_nothing():
    cell = Cell()
    NotebookDisplay(cell).close()
    assert cell.shown == []


def test_a_kernel_is_found_by_its_shell(monkeypatch):
    cell = Cell()
    shell = SimpleNamespace(kernel=object())
    python = SimpleNamespace(get_ipython=lambda: shell, display=SimpleNamespace(display=cell))
    monkeypatch.setitem(sys.modules, "IPython", python)
    assert isinstance(display.found(), NotebookDisplay)
    del shell.kernel
    assert not isinstance(display.found(), NotebookDisplay)


@pytest.mark.once
@pytest.mark.parametrize("dumb", [False, True])
def test_a_run_on_a_real_terminal_shows_its_stages_and_in_a_dumb_one_nothing(tmp_path, written_to, dumb):
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "train.py").write_text("print('trained')\n")
    main, side = pty.openpty()
    with LocalChamber(data_dir=tmp_path / "chamber") as chamber:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "CHAMBER_CONFIG_DIR": os.environ["CHAMBER_CONFIG_DIR"],
            "TERM": "dumb" if dumb else "xterm-256color",
            "COLUMNS": "100",
            "CHAMBER_TOKEN": chamber.token,
            "CHAMBER_API_URL": chamber.api_url,
        }
        command = [sys.executable, "-c", PROGRAM]
        running = subprocess.Popen(command, cwd=tmp_path, env=environment, stdin=side, stdout=side, stderr=side)
        os.close(side)
        seen = written_to(main)
        assert running.wait() == 0, seen
    if dumb:
        assert seen == ""
    else:
        assert "uploaded 1 layer" in seen
        assert "project is COMPLETED" in seen
