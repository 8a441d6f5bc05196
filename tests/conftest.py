"""No test reads or writes the settings of whoever runs it."""

import os
import pathlib
import subprocess
import sys

import pytest
from filelock import FileLock

ROOT = pathlib.Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def own_settings(monkeypatch, tmp_path_factory):
    """An empty folder of settings for each test, and no variable of Chamber's from outside."""
    for name in [name for name in os.environ if name.startswith("CHAMBER_")]:
        monkeypatch.delenv(name)
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("CHAMBER_CONFIG_DIR", str(folder / ".chamber"))
    return folder / ".chamber"


def run_uv(*arguments):
    """Run uv; what it prints is shown when it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "uv", *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def wheels(tmp_path_factory):
    """A folder with a wheel of every member and of the example plugin, built once for all workers."""
    folder = tmp_path_factory.getbasetemp().parent / "wheels"
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            for source in [*ROOT.glob("packages/chamber-*"), ROOT / "examples" / "chamber-acme"]:
                run_uv("build", "--wheel", "--out-dir", folder, source)
    return folder


@pytest.fixture
def installed(wheels, tmp_path):
    """Makes a new environment with these distributions, and returns its Python."""

    def install(*distributions):
        python = tmp_path / "env" / "bin" / "python"
        run_uv("venv", "--python", sys.executable, python.parent.parent)
        run_uv("pip", "install", "--python", python, "--find-links", wheels, *distributions)
        return python

    return install
