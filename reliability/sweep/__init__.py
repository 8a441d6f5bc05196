"""The secrets sweep: secrets are planted wherever a user has them, a session does everything, and no trace is left.

What is looked at: standard output and error, logs at DEBUG, reprs and all other ways to show a value, pickles,
tracebacks with and without locals, what the ``chamber`` command writes in pipes and on terminals, the journal, the
cache and the temporary folder, command lines of engines, the image that docker built with its history, the registries,
and what was sent to hosts. Each canary is looked for in every form that the redactor knows, and by the part of it that
is nowhere else.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest import mock

import msgspec

from chamber.local import LocalChamber
from reliability import figures
from reliability.sweep import canaries, evidence
from reliability.sweep.evidence import Found
from reliability.sweep.registry import registry
from reliability.sweep.strangers import strangers

__all__ = ["Sweep", "main", "sweep"]

_ROOT = Path(__file__).resolve().parents[2]
_BASE = "localhost/chamber-tests/python:1"
#: Seconds.
_LIMIT = 1000.0


class Sweep(msgspec.Struct, frozen=True):
    """What came of one sweep."""

    planted: int
    found: list[Found]
    #: How many bytes were looked at, and how many files they were in.
    size: int
    files: int
    #: What the session said at its end, where something in it went wrong.
    failures: str


def sweep(root: Path, seed: int, *, engine: bool = True, leak: bool = False) -> Sweep:
    """Plant, run the session, and look. `root`: an empty folder. `engine`: docker builds and pushes too.

    `leak`: the session prints a password, which has to be found.
    """
    values = canaries.values(seed)
    with ExitStack() as stack:
        hosts = _servers(stack, root, values, engine=engine)
        planted = canaries.plant(root, seed, hosts, values)
        _chatty(root)
        given = canaries.Given(str(root), hosts.registry, hosts.strangers, values, engine, leak)
        failures = _session(root, given, planted.environment)
        if engine:
            stack.enter_context(_image(f"{hosts.registry}/team", root / "image"))
    found, size = evidence.search(root, planted)
    files = sum(file.is_file() for file in root.rglob("*"))
    return Sweep(len(planted.values), found, size, files, failures)


def _servers(stack: ExitStack, root: Path, values: dict[str, str], *, engine: bool) -> canaries.Hosts:
    """An embedded Chamber whose token is a canary, a registry whose password is one, and strangers."""
    elsewhere = stack.enter_context(strangers(root / "requests"))
    canaries.identify(root / "chamber", values)
    stack.enter_context(mock.patch.dict(os.environ, {"CHAMBER_CONFIG_DIR": str(root / "home" / ".chamber")}))
    chamber = stack.enter_context(LocalChamber(data_dir=root / "chamber"))
    pushed = elsewhere["realm"]
    if engine:
        pushed = stack.enter_context(registry(root / "registry", "ada", values["login of docker"]))
    return canaries.Hosts(chamber.registry, pushed, elsewhere)


def _session(root: Path, given: canaries.Given, environment: dict[str, str]) -> str:
    """Run the session in a process of its own; what went wrong."""
    for folder in ("tmp", "called"):
        (root / folder).mkdir()
    with tempfile.TemporaryDirectory() as elsewhere:
        plan = Path(elsewhere, "given")
        plan.write_bytes(msgspec.json.encode(given))
        command = [sys.executable, "-X", "dev", "-m", "reliability.sweep.session", str(plan)]
        done = subprocess.run(command, env=environment, cwd=_ROOT, capture_output=True, check=False, timeout=_LIMIT)
    (root / "stdout").write_bytes(done.stdout)
    (root / "stderr").write_bytes(done.stderr)
    return done.stderr.decode(errors="replace") if done.returncode else ""


def _chatty(root: Path) -> None:
    """Puts a docker on PATH that writes down how it is called, and that shows its login before it builds or pushes."""
    real, called = shutil.which("docker"), root / "called"
    program = root / "bin" / "docker"
    program.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" >> {called}/words\nenv >> {called}/environment\n'
        'case "$1" in build|push) cat "$DOCKER_CONFIG/config.json"; echo;; esac\n'
        f'exec {real} "$@"\n'
    )
    program.chmod(0o755)


@contextmanager
def _image(repository: str, folder: Path) -> Iterator[None]:
    """Look at every image that was built for `repository`, and remove it."""
    listed = subprocess.run(
        ["docker", "images", "--format", "{{.Repository}}:{{.Tag}}"], check=True, capture_output=True, text=True
    )
    built = [name for name in listed.stdout.splitlines() if name.startswith(repository)]
    try:
        for name in built:
            evidence.image(name, _BASE, folder)
        yield
    finally:
        for name in built:
            subprocess.run(["docker", "rmi", "--force", name], check=False, capture_output=True)


def main(argv: list[str]) -> int:
    """Sweep once; 1: a secret was found where it should not be."""
    parser = argparse.ArgumentParser(prog="python -m reliability sweep", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32), help="of the canaries' values")
    parser.add_argument("--without-engine", action="store_true", help="do not have docker build and push")
    parser.add_argument("--leak", action="store_true", help="have the session print a password, which must be found")
    parser.add_argument("--keep", type=Path, help="an empty folder that keeps the evidence")
    asked = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        root = (asked.keep or Path(folder)).resolve()
        root.mkdir(exist_ok=True)
        done = sweep(root, asked.seed, engine=not asked.without_engine, leak=asked.leak)
    _tell(done, asked.seed)
    counted = {
        "secrets planted": done.planted,
        "bytes looked at": done.size,
        "found where they should not be": len(done.found),
    }
    if not asked.leak:
        figures.record("sweep", counted, "hatch run reliability sweep", seed=asked.seed)
    return 1 if done.found or done.failures else 0


def _tell(done: Sweep, seed: int) -> None:
    for hit in done.found:
        print(f"{hit.canary!r} in {hit.place}: {hit.around!r}\n")
    print(done.failures, end="")
    print(f"seed {seed}, on {figures.machine()}")
    print(
        f"{done.planted} secrets planted, {done.files} files and {done.size} bytes looked at, {len(done.found)} found"
    )
