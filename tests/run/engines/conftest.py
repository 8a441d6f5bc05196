"""Real engines, for tests marked `engine`."""

import base64
import json
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "engines"))

from real_engines import BASE, CalledEngine, made_known, settings_of_podman

from chamber.core.redaction import Secret
from chamber.run.engines import Engine
from chamber.run.targets import Registry

#: How long an engine may take to take a container away.
_REMOVAL_SECONDS = 30.0


class RealEngine(CalledEngine):
    """An engine, called as whoever runs the finished images would, and as chamber.run knows it."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.engine = Engine(kind="podman" if name == "podman" else "docker", client=(str(shutil.which(name)),))

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
    return settings_of_podman(tmp_path_factory.mktemp("podman"))


@pytest.fixture(params=["docker", "podman"])
def real(
    request: pytest.FixtureRequest,
    limits: Path | None,
    own_settings: Path,
    docker_config: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[RealEngine]:
    """Each engine, and the one that CHAMBER_ENGINE names."""
    (docker_config / "config.json").write_text("{}")  # podman wants it where DOCKER_CONFIG is set
    with made_known(request.param, limits, monkeypatch):
        yield RealEngine(request.param)


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
