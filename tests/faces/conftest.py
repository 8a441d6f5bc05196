"""One embedded Chamber for each module of tests, and programs that find it by their environment."""

import os
import subprocess
import sys

import pytest

from chamber.local import LocalChamber


@pytest.fixture(scope="module")
def chamber(tmp_path_factory):
    """Its workloads are not run: they last as long as their metadata says."""
    folder = tmp_path_factory.mktemp("chamber")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHAMBER_CONFIG_DIR", str(folder / "settings"))
        with LocalChamber(executor="simulated", data_dir=folder / "data") as running:
            yield running


@pytest.fixture
def environment(chamber, own_settings):
    """The variables that a program finds the Chamber by."""
    return {**os.environ, "CHAMBER_TOKEN": chamber.token, "CHAMBER_API_URL": chamber.api_url}


@pytest.fixture
def script(environment, tmp_path):
    """Runs a program to its end, which must be quiet, and returns what it printed."""

    def run(code, python=sys.executable):
        done = subprocess.run(
            [python, "-W", "error", "-c", code],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.stderr, done.returncode) == ("", 0)
        return done.stdout

    return run
