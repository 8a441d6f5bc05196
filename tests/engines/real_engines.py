"""docker and podman themselves, for tests marked `engine`: whether they are there, and one call of theirs."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from filelock import FileLock

__all__ = ["BASE", "CalledEngine", "made_known", "settings_of_podman"]

#: Made by tests/engines/start: a small Debian with Python and pip.
BASE = "localhost/chamber-tests/python:1"
_HINT = "run `bash tests/engines/install` and, as root, `bash tests/engines/start`"


class CalledEngine:
    """docker or podman, called as whoever looks at what the tests leave would."""

    def __init__(self, name: str) -> None:
        self.name = name

    def call(self, *arguments: str, env: Mapping[str, str] | None = None) -> str:
        done = subprocess.run(
            [self.name, *arguments], capture_output=True, text=True, check=False, timeout=120, env=env
        )
        assert done.returncode == 0, f"{self.name} {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout


def settings_of_podman(folder: Path) -> Path | None:
    """Settings for podman where it may not raise limits of resources, as in a container; None: it may."""
    if shutil.which("podman") is None:
        return None
    with _alone("podman"):
        plain = subprocess.run(["podman", "run", "--rm", BASE, "true"], capture_output=True, text=True, check=False)
    if "rlimit" not in plain.stderr:
        return None
    file = folder / "containers.conf"
    file.write_text('[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n')
    return file


@contextlib.contextmanager
def made_known(name: str, limits: Path | None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The engine is the one that CHAMBER_ENGINE names; where there is none, skip, and in CI fail."""
    if lack := _lack(name):
        if os.environ.get("CI") == "true":
            pytest.fail(lack)
        pytest.skip(lack)
    if limits is not None:
        monkeypatch.setenv("CONTAINERS_CONF", str(limits))
    monkeypatch.setenv("CHAMBER_ENGINE", name)
    with _alone(name):
        yield


def _lack(name: str) -> str | None:
    if shutil.which(name) is None:
        return f"{name} is not installed: {_HINT}"
    there = subprocess.run([name, "image", "inspect", BASE], capture_output=True, text=True, check=False)
    return f"{name} does not answer, or lacks {BASE}: {_HINT}\n{there.stderr}" if there.returncode else None


def _alone(name: str) -> contextlib.AbstractContextManager[object]:
    """Podman 4 stumbles over images that another podman removes meanwhile ("layer not known"): one test at a time."""
    lock = Path(tempfile.gettempdir(), "chamber-tests-engines", "podman.lock")
    lock.parent.mkdir(exist_ok=True)
    return FileLock(lock) if name == "podman" else contextlib.nullcontext()
