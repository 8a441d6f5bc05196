"""One embedded Chamber for each module of tests, and programs that find it by their environment."""

import os
import subprocess
import sys

import pytest

from chamber.local import LocalChamber

#: Python 3.12 and later warn of every fork beside threads.
FORKING = "ignore:This process:DeprecationWarning"


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
def forking(environment):
    """The same for a program that forks."""
    return {**environment, "PYTHONWARNINGS": FORKING}


@pytest.fixture
def script(environment, tmp_path):
    """Runs a program to its end, which must be quiet, and returns what it printed."""

    return lambda code, python=sys.executable: quiet([python, "-W", "error", "-c", code], environment, tmp_path)


@pytest.fixture
def program(environment, tmp_path):
    """Runs a program from a file, as multiprocessing needs it; it must be quiet but for a fork beside threads."""

    def run(code, *arguments):
        file = tmp_path / "program.py"
        file.write_text(code)
        return quiet([sys.executable, "-W", "error", "-W", FORKING, str(file), *arguments], environment, tmp_path)

    return run


def quiet(command, environment, folder):
    done = subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.stderr, done.returncode) == ("", 0)
    return done.stdout
