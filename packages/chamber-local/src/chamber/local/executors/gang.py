"""Runs the pods of one Job as its children, and prints their lines with the pod's index in front.

The executor starts it by its path, tells it by its input what the pods are, and it imports nothing but the standard
library. The first pod that fails ends the others, as in a Job with a backoffLimit of 0; which one it was goes into a
file.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

__all__ = ["main"]

_GRACE_SECONDS = 10.0
_LAST_LINES_SECONDS = 5.0
_LONGEST_LINE = 1 << 16
_NOT_STARTED = 127


def main(file: Path) -> int:
    """0, or 1 when a pod failed."""
    signal.signal(signal.SIGTERM, lambda *_: None)  # the pods are in the same group and hear it too
    pods: list[subprocess.Popen[bytes]] = []
    failed = _run(json.load(sys.stdin), pods)
    file.write_text(json.dumps(failed))
    return 1 if failed else 0


def _run(asked: list[dict[str, Any]], pods: list["subprocess.Popen[bytes]"]) -> dict[str, int] | None:
    """The first pod that failed, with its exit code."""
    printing: list[threading.Thread] = []
    failed = None
    for index, pod in enumerate(asked):
        try:
            pods.append(_started(pod))
        except (OSError, ValueError) as error:
            _print(index, f"the command {pod['command'][0]!r} cannot be started: {error}\n".encode())
            failed = {"pod": index, "code": _NOT_STARTED}
            _stop(pods)
            break
        printing.append(threading.Thread(target=_copy, args=(pods[-1].stdout, index), daemon=True))
        printing[-1].start()
    failed = _wait(pods, failed)
    for thread in printing:
        thread.join(_LAST_LINES_SECONDS)
    return failed


def _started(pod: dict[str, Any]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        pod["command"],
        cwd=pod["cwd"],
        env=pod["env"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def _wait(pods: list["subprocess.Popen[bytes]"], failed: dict[str, int] | None) -> dict[str, int] | None:
    left = {pod.pid: index for index, pod in enumerate(pods)}
    while left:
        pid, status = os.wait()
        index = left.pop(pid)
        pods[index].returncode = code = os.waitstatus_to_exitcode(status)
        if code and failed is None:
            failed = {"pod": index, "code": code}
            _stop([pods[other] for other in left.values()])
    return failed


def _stop(pods: Iterable["subprocess.Popen[bytes]"]) -> None:
    """TERM now, and KILL to those that are still there after a while."""
    stopped = tuple(pods)
    _signal(stopped, signal.SIGTERM)
    late = threading.Timer(_GRACE_SECONDS, _signal, [stopped, signal.SIGKILL])
    late.daemon = True
    late.start()


def _signal(pods: Iterable["subprocess.Popen[bytes]"], number: signal.Signals) -> None:
    """Not by `Popen.send_signal`, which takes the end of a pod away from who waits for it."""
    for pod in pods:
        if pod.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pod.pid, number)


def _copy(output: BinaryIO, index: int) -> None:
    while line := output.readline(_LONGEST_LINE):
        _print(index, line if line.endswith(b"\n") else line + b"\n")


def _print(index: int, line: bytes) -> None:
    """In one write, so that lines of two pods are not mixed."""
    os.write(sys.stdout.fileno(), b"[%d] %s" % (index, line))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
