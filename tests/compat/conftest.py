"""Both packages, each in an environment of its own, and programs that run in them."""

import pathlib
import subprocess
import sys

import pytest
from filelock import FileLock

sys.path.insert(0, str(pathlib.Path(__file__).parent))

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "engines"))

from programs import tell
from real_engines import made_known

#: Package → what is installed.
PACKAGES = {"theirs": ["chamber-sdk[run]"], "ours": ["chamber-compat[run]"]}


def _uv(*arguments):
    done = subprocess.run(
        [sys.executable, "-m", "uv", *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def pythons(shared, wheels):
    """The Python of each package, installed once for all workers."""
    folder = shared / "compat"
    with FileLock(f"{folder}.lock"):
        for name, distributions in PACKAGES.items():
            if not (folder / name / "installed").exists():
                python = folder / name / "bin" / "python"
                _uv("venv", "--python", sys.executable, folder / name)
                _uv("pip", "install", "--python", python, "--find-links", wheels, *distributions)
                (folder / name / "installed").touch()
    return {name: folder / name / "bin" / "python" for name in PACKAGES}


@pytest.fixture
def told(pythons, tmp_path):
    """``told(package, program, *arguments)``: what a program of this folder tells, run with a package."""

    def told(package, program, *arguments, **environment):
        home = tmp_path / f"home-{package}-{len(list(tmp_path.iterdir()))}"
        home.mkdir()
        return tell(pythons[package], program, *arguments, HOME=str(home), **environment)

    return told


@pytest.fixture
def docker_answers(monkeypatch):
    """Skips the test where docker does not, and in CI fails it."""
    with made_known("docker", None, monkeypatch):
        yield
