"""A real registry with a password, from Debian's docker-registry."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["registry"]

_START_SECONDS = 30.0
#: Another program may take the port between the look for it and the start.
_ATTEMPTS = 5


@contextmanager
def registry(folder: Path, user: str, password: str) -> Iterator[str]:
    """Where the registry is, as host:port; it keeps its images in ``<folder>/data``."""
    folder.mkdir()
    made = subprocess.run(["htpasswd", "-niB", user], input=password, check=True, capture_output=True, text=True)
    (folder / "htpasswd").write_text(made.stdout)
    process, host = _started(folder)
    try:
        yield host
    finally:
        process.terminate()
        process.wait(_START_SECONDS)


def _started(folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    program = shutil.which("docker-registry") or "docker-registry"
    for _ in range(_ATTEMPTS):
        host = f"127.0.0.1:{_free_port()}"
        (folder / "config.yml").write_text(json.dumps(_configuration(folder, host)))  # which is YAML
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen([program, "serve", str(folder / "config.yml")], stdout=log, stderr=log)
        if _answers(host, process):
            return process, host
        process.kill()
        process.wait()
    raise RuntimeError(f"docker-registry did not start: {(folder / 'log').read_text()}")


def _configuration(folder: Path, host: str) -> dict[str, object]:
    return {
        "version": 0.1,
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}},
        "http": {"addr": host},
        "auth": {"htpasswd": {"realm": "sweep", "path": str(folder / "htpasswd")}},
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(host: str, process: subprocess.Popen[bytes]) -> bool:
    name, _, port = host.partition(":")
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection((name, int(port)), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return True
    return False
