"""The command as users have it: called in this process, and in a terminal of its own."""

import fcntl
import json
import os
import struct
import subprocess
import sys
import termios
from pathlib import Path

import click.testing
import pexpect
import pyte
import pytest
from pexpect import fdpexpect

sys.path.insert(0, str(Path(__file__).parents[1] / "engines"))

from real_engines import made_known

from chamber.command.program import chamber as program
from chamber.local import LocalChamber

#: Seconds; only a test that is wrong takes as long.
PATIENCE = 120


@pytest.fixture(scope="session")
def seeded():
    """A Chamber with the history of an organization, which no test changes."""
    with LocalChamber(executor="simulated", seed="demo") as running:
        yield running


@pytest.fixture
def simulated():
    """A Chamber whose jobs are simulated."""
    with LocalChamber(executor="simulated") as running:
        yield running


@pytest.fixture
def live():
    """A Chamber that runs jobs, and whose registry is known to the test's own settings."""
    with LocalChamber() as running:
        yield running


@pytest.fixture
def cli(monkeypatch):
    """``cli(*words, chamber=…)`` → the result of the command, as a Chamber's user where one is given."""

    def cli(*words, chamber=None, **options):
        if chamber is not None:
            monkeypatch.setenv("CHAMBER_API_URL", chamber.api_url)
            monkeypatch.setenv("CHAMBER_TOKEN", chamber.token)
        done = click.testing.CliRunner().invoke(program, [str(word) for word in words], **options)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
        return done

    return cli


@pytest.fixture
def told(cli):
    """The same, of a command that works and writes JSON: what it wrote."""

    def told(*words, **options):
        done = cli("-o", "json", *words, **options)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    return told


#: Makes the terminal that a new process has as its standard input the one whose Ctrl-C reaches it. The process does
#: that itself, because what is forked from a process with threads should do nothing before it is another program.
IN_A_TERMINAL = """
import fcntl, runpy, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
runpy.run_module("chamber.command", run_name="__main__", alter_sys=True)
"""
ROWS, COLUMNS = 40, 110


class Terminal:
    """A terminal in which a program runs, and its screen."""

    def __init__(self, words, environment, folder, columns):
        self._screen = pyte.HistoryScreen(columns, ROWS, history=2000)
        self._stream = pyte.Stream(self._screen)
        self._ours, its = os.openpty()
        fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, columns, 0, 0))
        command = [sys.executable, "-c", IN_A_TERMINAL, *words]
        self.program = subprocess.Popen(
            command, env=environment, cwd=folder, stdin=its, stdout=its, stderr=its, start_new_session=True
        )
        os.close(its)
        self._reader = fdpexpect.fdspawn(self._ours, encoding="utf-8", timeout=PATIENCE)
        self._reader.logfile_read = self

    def write(self, text):
        self._stream.feed(text)

    def flush(self):
        """As a file; nothing is kept back."""

    @property
    def screen(self):
        """What was ever seen: what has scrolled away, and what is there."""
        above = ["".join(line[x].data for x in range(self._screen.columns)) for line in self._screen.history.top]
        return "\n".join(line.rstrip() for line in [*above, *self._screen.display]).rstrip()

    def expect(self, text):
        self._reader.expect_exact(text)

    def type(self, text):
        self._reader.sendline(text)

    def interrupt(self):
        """Ctrl-C."""
        self._reader.send("\x03")

    def ended(self):
        """Its exit code, once it has ended."""
        self._reader.expect(pexpect.EOF)
        return self.program.wait(PATIENCE)

    def close(self):
        self.program.kill()
        self.program.wait()
        os.close(self._ours)


@pytest.fixture
def terminal(tmp_path):
    """``terminal(*words, chamber=…)`` → the command in a terminal of 110 by 40, or as wide as is wanted."""
    opened = []

    def terminal(*words, chamber=None, columns=COLUMNS, **variables):
        kept = {name: os.environ[name] for name in ("PATH", "CHAMBER_CONFIG_DIR")}
        environment = {**kept, "HOME": str(tmp_path), "TERM": "xterm-256color", "LANG": "C.UTF-8", **variables}
        if chamber is not None:
            environment |= {"CHAMBER_API_URL": chamber.api_url, "CHAMBER_TOKEN": chamber.token}
        opened.append(Terminal([str(word) for word in words], environment, tmp_path, columns))
        return opened[-1]

    yield terminal
    for one in opened:
        one.close()


@pytest.fixture
def project(tmp_path):
    """``project(program)`` → a folder with a script."""

    def project(script, name="project"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "train.py").write_text(script)
        return folder

    return project


@pytest.fixture
def docker_answers(monkeypatch):
    """Skips the test where docker does not, and in CI fails it."""
    with made_known("docker", None, monkeypatch):
        yield
