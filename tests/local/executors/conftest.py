"""docker and podman, for tests marked `engine`; see also tests/run/engines/conftest.py."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from filelock import FileLock

#: Made by tests/engines/start: a small Debian with Python and pip.
BASE = "localhost/chamber-tests/python:1"
_HINT = "run `bash tests/engines/install` and, as root, `bash tests/engines/start`"
_LABEL = "io.chamber.local.workload"


class RealEngine:
    """docker or podman, called as whoever looks at what a Chamber leaves would."""

    def __init__(self, name):
        self.name = name

    def call(self, *arguments, env=None):
        done = subprocess.run(
            [self.name, *arguments], capture_output=True, text=True, check=False, timeout=120, env=env
        )
        assert done.returncode == 0, f"{self.name} {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout

    def containers(self, workload):
        return self.call("ps", "--all", "--quiet", "--filter", f"label={_LABEL}={workload}").split()

    def networks(self, workload):
        return self.call("network", "ls", "--quiet", "--filter", f"label={_LABEL}={workload}").split()

    def inspect(self, workload):
        (container,) = self.containers(workload)
        return self.call("inspect", container)

    def has_images_of(self, beginning):
        return beginning in self.call("images", "--digests", "--format", "{{.Repository}}")


def _lack(name):
    if shutil.which(name) is None:
        return f"{name} is not installed: {_HINT}"
    there = subprocess.run([name, "image", "inspect", BASE], capture_output=True, text=True, check=False)
    return f"{name} does not answer, or lacks {BASE}: {_HINT}\n{there.stderr}" if there.returncode else None


@pytest.fixture(scope="session")
def limits(tmp_path_factory):
    """Settings for podman where it may not raise limits of resources, as in a container; None: it may."""
    if shutil.which("podman") is None:
        return None
    with _alone("podman"):
        plain = subprocess.run(["podman", "run", "--rm", BASE, "true"], capture_output=True, text=True, check=False)
    if "rlimit" not in plain.stderr:
        return None
    file = tmp_path_factory.mktemp("podman") / "containers.conf"
    file.write_text('[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n')
    return file


@pytest.fixture(params=["docker", "podman"])
def engine(request, limits, monkeypatch):
    """Each engine, and the one that CHAMBER_ENGINE names."""
    if lack := _lack(request.param):
        if os.environ.get("CI") == "true":
            pytest.fail(lack)
        pytest.skip(lack)
    if limits is not None:
        monkeypatch.setenv("CONTAINERS_CONF", str(limits))
    monkeypatch.setenv("CHAMBER_ENGINE", request.param)
    with _alone(request.param):
        yield RealEngine(request.param)


def _alone(name):
    """Podman 4 stumbles over what another podman removes meanwhile: one test at a time, as in tests/run."""
    lock = Path(tempfile.gettempdir(), "chamber-tests-engines", "podman.lock")
    lock.parent.mkdir(exist_ok=True)
    return FileLock(lock) if name == "podman" else contextlib.nullcontext()
