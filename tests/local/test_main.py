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


def command(*arguments):
    """What a command printed, after it succeeded or refused."""
    program = [sys.executable, "-m", "chamber.local", *arguments]
    done = subprocess.run(program, capture_output=True, text=True, timeout=100, check=False)
    return done.returncode, done.stdout, done.stderr


def test_one_that_runs_is_told_of_read_stopped_and_its_folder_emptied(up, tmp_path):
    process, told = up("--data-dir", str(tmp_path / "data"))
    port = told.partition("http://127.0.0.1:")[2].partition("/")[0]

    code, out, _ = command("status")
    assert (code, f"http://127.0.0.1:{port}/v1 runs as process {process.pid}\n" in out) == (0, True)
    assert command("logs", "wl_missing", "--port", port)[0] == 2
    code, _, err = command("reset", "--data-dir", str(tmp_path / "data"))
    assert (code, "is in use by another Chamber" in err) == (2, True)
    assert command("down", "--port", port) == (0, f"stopped http://127.0.0.1:{port}/v1\n", "")
    assert process.wait(timeout=60) == 0
    assert command("reset", "--data-dir", str(tmp_path / "data"))[0] == 0
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == ["lock"]
    code, _, err = command("down", "--port", port)
    assert (code, "say which Chamber by --port" in err) == (2, True)


def test_logs_prints_what_a_workload_printed(call, capfdbinary):
    from chamber.local.__main__ import main

    workload = call.python("print('first'); print('x' * 2_000_000)")
    call.wait(workload, "completed")
    port = call.chamber.registry.rpartition(":")[2]

    assert main(["logs", workload, "--port", port]) == 0
    printed = capfdbinary.readouterr().out
    assert printed.startswith(b"first\n")
    assert len(printed) == 2_000_007
    assert main(["down", "--port", port]) == 2, "it is part of this process"
    assert b"say which Chamber by --port" in capfdbinary.readouterr().err


def test_a_folder_that_is_no_chambers_is_not_emptied(tmp_path):
    from chamber.local.__main__ import main

    (tmp_path / "logs").mkdir()

    assert main(["reset", "--data-dir", str(tmp_path)]) == 2
    assert main(["reset"]) == 2
    assert (tmp_path / "logs").is_dir()
