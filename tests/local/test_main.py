"""``python -m chamber.local up``, in a process of its own."""

import os
import signal
import subprocess
import sys
import urllib.request

import pytest


@pytest.fixture
def up():
    """Starts it, and reads what it prints."""
    started = []

    def start(*arguments):
        command = [sys.executable, "-m", "chamber.local", "up", "--executor", "simulated", *arguments]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(process)
        lines = []
        while not (lines and "wait=True" in lines[-1]):
            lines.append(process.stdout.readline())
            assert lines[-1], process.stderr.read()
        return process, "".join(lines)

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_what_is_printed_lets_a_shell_and_python_in(up):
    _, told = up()
    program = "from chamber.core import ChamberClient; print([t.id for t in ChamberClient().list_teams()])"

    done = subprocess.run(
        ["bash", "-c", f'eval "$TOLD"; exec {sys.executable} -c "$PROGRAM"'],
        env={**os.environ, "TOLD": told, "PROGRAM": program},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.stdout, done.stderr) == ("['init_local']\n", "")
    assert "until Ctrl-C: documented dialect, simulated executor" in told
    assert 'team="init_local"' in told


class Stay(urllib.request.HTTPRedirectHandler):
    """Follows no redirection."""

    def redirect_request(self, *_):
        return None


def test_the_address_that_is_printed_lets_a_browser_in_once(up):
    _, told = up()
    (url,) = (word for word in told.split() if "?ticket=" in word)
    statuses = []
    for _ in range(2):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.build_opener(Stay).open(url, timeout=30)
        statuses.append(caught.value.code)
        caught.value.close()

    assert statuses == [303, 401]


def test_interrupting_it_ends_it_cleanly(up):
    process, _ = up()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)

    assert (process.returncode, out, err) == (0, "", "")


def test_a_taken_port_is_said_in_one_line(up):
    _, told = up()
    port = told.partition("http://127.0.0.1:")[2].partition("/")[0]
    ended = subprocess.run(
        [sys.executable, "-m", "chamber.local", "up", "--port", port],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (ended.returncode, ended.stdout) == (2, "")
    assert f"127.0.0.1:{port} cannot be listened on: Address already in use" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_other_machines_are_let_in_only_with_the_flag(up):
    command = [sys.executable, "-m", "chamber.local", "up", "--host", "0.0.0.0"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, "--expose" in ended.stderr) == (2, True)

    _, told = up("--host", "0.0.0.0", "--expose")
    assert "CHAMBER_API_URL=http://127.0.0.1:" in told
