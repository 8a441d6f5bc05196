"""Real engines, for tests marked `engine`."""

import base64
import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from chamber.core.redaction import Secret
from chamber.run.engines import Engine
from chamber.run.targets import Registry

#: Made by tests/engines/start: a small Debian with Python and pip.
BASE = "localhost/chamber-tests/python:1"
#: How long an engine may take to take a container away.
_REMOVAL_SECONDS = 30.0
_HINT = "run `bash tests/engines/install` and, as root, `bash tests/engines/start`"


class RealEngine:
    """docker or podman, called as whoever runs the finished images would."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.engine = Engine(kind="podman" if name == "podman" else "docker", client=(str(shutil.which(name)),))

    def call(self, *arguments: str) -> str:
        done = subprocess.run([self.name, *arguments], capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, f"{self.name} {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout

    def pull(self, image: str) -> None:
        self.call("pull", "--quiet", *(["--tls-verify=false"] if self.name == "podman" else []), image)

    def run(self, image: str, *command: str) -> str:
        """What `command` prints in a new container of `image`, which is pulled if need be."""
        self.pull(image)
        return self.call("run", "--rm", image, *command)

    def remove(self, *beginnings: str) -> None:
        """Remove the images whose names begin so."""
        command = [self.name, "images", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}"]
        listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
        for name, image in (line.split() for line in listed if line.startswith(beginnings)):
            command = [self.name, "rmi", "--force", image if name.endswith("<none>") else name]
            subprocess.run(command, capture_output=True, check=False)

    def containers_of(self, base: str) -> str:
        """The containers, of builds too, with the name of a base in their own name, as in podman, or their command."""
        every = ["--external"] if self.name == "podman" else []
        listed = self.call("ps", "--all", *every, "--no-trunc", "--format", "{{.Names}} {{.Command}}")
        word = Path(base).name.partition(":")[0]
        return "\n".join(line for line in listed.splitlines() if word in line)

    def is_rid_of(self, base: str) -> bool:
        """Whether no container of a base is left, soon: an engine takes them away by and by."""
        deadline = time.monotonic() + _REMOVAL_SECONDS
        while self.containers_of(base) and time.monotonic() < deadline:
            time.sleep(0.1)
        return self.containers_of(base) == ""


@pytest.fixture(scope="session")
def limits(tmp_path_factory: pytest.TempPathFactory) -> Path | None:
    """Settings for podman where it may not raise limits of resources, as in a container; None: it may."""
    if shutil.which("podman") is None:
        return None
    plain = subprocess.run(["podman", "run", "--rm", BASE, "true"], capture_output=True, text=True, check=False)
    if "rlimit" not in plain.stderr:
        return None
    file = tmp_path_factory.mktemp("podman") / "containers.conf"
    file.write_text('[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n')
    return file


def _lack(name: str) -> str | None:
    if shutil.which(name) is None:
        return f"{name} is not installed: {_HINT}"
    there = subprocess.run([name, "image", "inspect", BASE], capture_output=True, text=True, check=False)
    return f"{name} does not answer, or lacks {BASE}: {_HINT}\n{there.stderr}" if there.returncode else None


@pytest.fixture(params=["docker", "podman"])
def real(
    request: pytest.FixtureRequest,
    limits: Path | None,
    own_settings: Path,
    docker_config: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[RealEngine]:
    """Each engine, and the one that CHAMBER_ENGINE names."""
    if lack := _lack(request.param):
        if os.environ.get("CI") == "true":
            pytest.fail(lack)
        pytest.skip(lack)
    if limits is not None:
        monkeypatch.setenv("CONTAINERS_CONF", str(limits))
    monkeypatch.setenv("CHAMBER_ENGINE", request.param)
    (docker_config / "config.json").write_text("{}")  # podman wants it where DOCKER_CONFIG is set
    with _alone(request.param):
        yield RealEngine(request.param)


def _alone(name: str) -> contextlib.AbstractContextManager[object]:
    """Podman 4 stumbles over images that another podman removes meanwhile ("layer not known"): one test at a time."""
    lock = Path(tempfile.gettempdir(), "chamber-tests-engines", "podman.lock")
    lock.parent.mkdir(exist_ok=True)
    return FileLock(lock) if name == "podman" else contextlib.nullcontext()


@pytest.fixture
def base(real: RealEngine, open_registry: Registry, guarded_registry: Registry) -> Iterator[str]:
    """The test image under a name of its own, by which the containers of podman's builds are found again."""
    image = f"localhost/chamber-tests/{uuid.uuid4().hex}:1"
    real.call("tag", BASE, image)
    yield image
    real.remove(image, open_registry.prefix, guarded_registry.prefix)


@pytest.fixture
def login_folder(docker_config: Path, guarded_registry: Registry, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What `docker login` at the guarded registry leaves behind, for docker and for podman."""
    assert isinstance(guarded_registry.password, Secret)
    pair = base64.b64encode(f"{guarded_registry.username}:{guarded_registry.password.reveal()}".encode()).decode()
    (docker_config / "config.json").write_text(json.dumps({"auths": {guarded_registry.prefix: {"auth": pair}}}))
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(docker_config / "config.json"))
    return docker_config
