"""An embedded Chamber in a process of its own, which is ended and started again on the same port."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import NamedTuple

from chamber.local import LocalChamber
from chamber.local.faults.kinds import Kind

__all__ = ["KINDS", "Access", "Server", "serve"]

#: What befalls answers.
KINDS: tuple[Kind, ...] = ("reset_before", "reset_after", "status", "truncate", "html", "unknown_status")
_GPUS = {"H100": 4096}


class Access(NamedTuple):
    """What a client of the server needs."""

    token: str
    url: str
    team: str


class Server:
    """The process, and how often it was started."""

    def __init__(self, folder: Path, seed: int, rate: float) -> None:
        self.folder = folder
        self.starts = 0
        self._seed, self._rate = seed, rate
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> Access:
        """Start it, and wait until it answers."""
        self.starts += 1
        arguments = str(self.folder), self._port, self._seed + self.starts, self._rate
        command = [sys.executable, "-c", f"from {__name__} import serve; serve{arguments}"]
        self._process = subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        return Access(*json.loads(self._process.stdout.readline()))

    def end(self, *, kill: bool = False) -> None:
        """End it, with or without a warning."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
        self._process.communicate()
        self._process = None

    def present(self) -> list[str]:
        """The external id of every workload that it has, once it was ended."""
        with LocalChamber(data_dir=self.folder, executor="simulated", gpus=_GPUS, idempotency=False) as chamber:
            return [workload.external_id for workload in chamber.workloads() if workload.external_id]


def serve(folder: str, port: int, seed: int, rate: float) -> None:
    """Be the server, until the process is asked to end."""
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    chamber = LocalChamber(data_dir=folder, port=port, executor="simulated", gpus=_GPUS, idempotency=False)
    with chamber:
        if rate:
            chamber.faults.seed(seed, rate=rate, kinds=KINDS, most_in_a_row=3)
        print(json.dumps([chamber.token, chamber.api_url, chamber.team]), flush=True)
        ended.wait()
