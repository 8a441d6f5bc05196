"""Environments to measure in: ours from its wheels, and the vendor's package."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".bench"
PEER = "chamber-sdk"


def ours(*members: str) -> Path:
    """The Python of an environment with wheels of these members, made anew."""
    wheels = HOME / "wheels"
    for member in members:
        uv("build", "--quiet", "--wheel", "--out-dir", str(wheels), str(ROOT / "packages" / member))
    return environment("ours", "--reinstall", "--find-links", str(wheels), *members)


def peer() -> Path:
    """The Python of an environment with the vendor's package."""
    return environment("peer", PEER)


def environment(name: str, *install: str) -> Path:
    """The Python of an environment of that name with these packages."""
    folder = HOME / name
    python = folder / "bin" / "python"
    if not python.exists():
        uv("venv", "--quiet", "--python", sys.executable, str(folder))
    uv("pip", "install", "--quiet", "--compile-bytecode", "--python", str(python), *install)
    return python


def uv(*arguments: str) -> None:
    """Run uv; its output is shown when it fails."""
    subprocess.run([sys.executable, "-m", "uv", *arguments], check=True)
