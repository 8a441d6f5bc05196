"""docker and podman, for tests marked `engine`."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "engines"))

from real_engines import CalledEngine, made_known, settings_of_podman

_LABEL = "io.chamber.local.workload"


class RealEngine(CalledEngine):
    """An engine, and what it has of a workload."""

    def containers(self, workload):
        return self.call("ps", "--all", "--quiet", "--filter", f"label={_LABEL}={workload}").split()

    def networks(self, workload):
        return self.call("network", "ls", "--quiet", "--filter", f"label={_LABEL}={workload}").split()

    def inspect(self, workload):
        (container,) = self.containers(workload)
        return self.call("inspect", container)

    def has_images_of(self, beginning):
        return beginning in self.call("images", "--digests", "--format", "{{.Repository}}")


@pytest.fixture(scope="session")
def limits(tmp_path_factory):
    return settings_of_podman(tmp_path_factory.mktemp("podman"))


@pytest.fixture(params=["docker", "podman"])
def engine(request, limits, monkeypatch):
    """Each engine, and the one that CHAMBER_ENGINE names."""
    with made_known(request.param, limits, monkeypatch):
        yield RealEngine(request.param)
