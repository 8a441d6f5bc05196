"""The launcher of Open MPI's pods, with a program in the place of mpirun; the rehearsals have the real one."""

import ast
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from chamber.run.job import mpi
from chamber.run.job.launch import command
from chamber.run.job.topology import Topology
from chamber.run.project.profile import Profile

Start = Callable[..., "subprocess.Popen[str]"]

MPIRUN = """#!/bin/sh
echo mpirun "$@"
agent=$PRTE_MCA_plm_ssh_agent
[ "$agent" = "$OMPI_MCA_plm_rsh_agent" ] || exit 9
$agent pod-1 touch "$MARKS/1" "&&" touch "$MARKS/1-too"
$agent pod-0 touch "$MARKS/0"
for mark in 0 1-too; do while [ ! -e "$MARKS/$mark" ]; do sleep 0.05; done; done
exit 5
"""


@pytest.fixture
def pod(tmp_path: Path) -> Start:
    """Starts one of two pods, which meet at a port of their own."""
    mpirun = tmp_path / "bin" / "mpirun"
    mpirun.parent.mkdir()
    mpirun.write_text(MPIRUN)
    mpirun.chmod(0o755)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])

    def start(index: int, path: str = f"{mpirun.parent}:/usr/bin:/bin") -> "subprocess.Popen[str]":
        values = {"$(JOB_COMPLETION_INDEX)": str(index), "$(MASTER_ADDR)": "127.0.0.1", "$(MASTER_PORT)": port}
        words = command(Profile(entrypoint="train.py", launcher="mpi"), Topology(2, 4), ["--x"])
        line = [sys.executable, *(values.get(word, word) for word in words[1:])]
        env = {"PATH": path, "MARKS": str(tmp_path)}
        return subprocess.Popen(line, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    return start


def test_each_pod_gets_what_is_for_it_and_all_end_as_mpirun_does(pod: Start, tmp_path: Path) -> None:
    pods = [pod(1), pod(0)]
    told = [one.communicate(timeout=60)[0] for one in pods]
    assert [one.returncode for one in pods] == [5, 5]
    assert told[1] == "mpirun -np 8 -H pod-0:4,pod-1:4 --bind-to none --map-by slot python train.py --x\n"
    assert {path.name for path in tmp_path.iterdir()} == {"bin", "0", "1", "1-too"}


def test_a_pod_does_not_outlive_the_first(pod: Start, tmp_path: Path) -> None:
    (tmp_path / "bin" / "mpirun").write_text("#!/bin/sh\necho $$ > $MARKS/pid\nexec sleep 600\n")
    first, other = pod(0), pod(1)
    try:
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
            assert (first.poll(), other.poll()) == (None, None)
    finally:
        first.kill()
    assert "The first pod is gone" in other.communicate(timeout=60)[0]
    assert other.returncode == 1
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
    first.communicate(timeout=60)


def test_a_stranger_at_the_meeting_point_is_no_pod(pod: Start) -> None:
    first = pod(0)
    address = ("127.0.0.1", int(first.args[5]))  # type: ignore[index, arg-type]
    for word in (b"GET / HTTP/1.1\n", b"7\n", b""):
        _greet(address, word)
    other = pod(1)
    assert [one.communicate(timeout=60) and one.returncode for one in (first, other)] == [5, 5]


def _greet(address: tuple[str, int], word: bytes) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            with socket.create_connection(address, timeout=1) as connection:
                return connection.sendall(word)
        except ConnectionRefusedError:
            assert time.monotonic() < deadline


def test_without_open_mpi_the_first_pod_says_what_is_missing(pod: Start) -> None:
    first = pod(0, "/nowhere")
    assert "several nodes need Open MPI" in first.communicate(timeout=60)[0]
    assert first.returncode == 1


def test_it_runs_on_the_oldest_python_that_images_have() -> None:
    source = Path(mpi.__file__).read_text("utf-8")
    ast.parse(source, feature_version=(3, 8))
    names = [node.names[0].name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Import)]
    assert set(names) <= set(sys.stdlib_module_names)
