"""Environments to measure in: ours from its wheels, the vendor's package, and what a user would pick instead."""

import functools
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".bench"
MEMBERS = ("chamber-core", "chamber-run", "chamber-metrics", "chamber-admin")


@functools.cache
def ours(*members: str) -> Path:
    """The Python of an environment with wheels of these members, made anew; of all that clients have, by default."""
    wheels = HOME / "wheels"
    for member in members or MEMBERS:
        uv("build", "--quiet", "--wheel", "--out-dir", str(wheels), str(ROOT / "packages" / member))
    name = "-".join(["ours", *members])
    return environment(name, "--reinstall", "--find-links", str(wheels), *(members or MEMBERS))


@functools.cache
def on_uvloop() -> Path:
    """The Python of an environment with all that clients have, and uvloop, which they use where it is installed."""
    ours()
    return environment("ours-uvloop", "--reinstall", "--find-links", str(HOME / "wheels"), *MEMBERS, "uvloop")


@functools.cache
def peer() -> Path:
    """The Python of an environment with the vendor's package."""
    return environment("peer", "chamber-sdk")


@functools.cache
def usual() -> Path:
    """The Python of an environment with httpx and pydantic, from which a careful user would make a client."""
    return environment("usual", "httpx", "pydantic")


def environment(name: str, *install: str) -> Path:
    """The Python of an environment of that name with these packages."""
    folder = HOME / name
    python = folder / "bin" / "python"
    if not python.exists():
        uv("venv", "--quiet", "--python", sys.executable, str(folder))
    uv("pip", "install", "--quiet", "--compile-bytecode", "--python", str(python), *install)
    return python


def versions(python: Path, *distributions: str) -> dict[str, str]:
    """The versions of distributions in an environment."""
    program = (
        "import json, sys; from importlib.metadata import version as v; "
        "print(json.dumps({n: v(n) for n in sys.argv[1:]}))"
    )
    done = subprocess.run([python, "-c", program, *distributions], check=True, capture_output=True)
    found: dict[str, str] = json.loads(done.stdout)
    return found


def uv(*arguments: str) -> None:
    """Run uv; its output is shown when it fails."""
    subprocess.run([sys.executable, "-m", "uv", *arguments], check=True)
