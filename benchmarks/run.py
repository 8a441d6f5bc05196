"""From a one-line edit to a submitted workload, and a first submission: beside ``docker build`` and ``docker push``.

On one machine, one docker daemon and one image registry on loopback. The peer builds the whole project with the
Dockerfile that a user would write, and a warm cache; every act edits one line of one file first. A first submission is
of a project that nobody has seen, by a client that knows nothing yet. ``run.edit`` and ``run.first`` are the parts.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import http.client
import itertools
import os
import random
import socket
import subprocess
import tarfile
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import measuring
import peers
import projects
import results
from measuring import Contestant, Rounds, Sample
from results import OURS, Row

from chamber.core import ChamberClient
from chamber.local import LocalChamber

PEER, FRESH, FLOOR = "docker build + push", "chamber, a fresh process", "python -c 'import aiohttp'"
HASHES = "read, two sha256, one upload"
#: Rounds of edits and of first submissions.
ROUNDS = dict(zip(projects.SIZES, ((7, 5), (3, 2)), strict=True))
DOCKERFILE = """\
FROM {base}
WORKDIR /app
COPY requirements.txt .
COPY . .
CMD ["python", "train.py"]
"""
PROGRAM = """
import sys
from chamber.core import ChamberClient
project, url, token, team, registry, base = sys.argv[1:]
with ChamberClient(token=token, api_url=url) as client:
    client.run(project, team=team, registry=registry, base_image=base, progress=False)
"""


class Bench(NamedTuple):
    """Where everything goes."""

    chamber: LocalChamber
    client: ChamberClient
    registry: str
    base: str
    folder: Path

    def submit(self, project: Path) -> Sample:
        """Ours, in this process."""
        options = {"team": self.chamber.team, "registry": self.registry, "base_image": self.base, "progress": False}
        with no_engine():
            return measuring.here(lambda: self.client.run(project, **options))

    def submit_fresh(self, project: Path) -> Sample:
        """Ours, in a process of its own, from start to end."""
        chamber = self.chamber
        told = [project, chamber.api_url, chamber.token, chamber.team, self.registry, self.base]
        with no_engine():
            return measuring.process([peers.ours(), "-c", PROGRAM, *told], core=None)

    def build(self, tag: str, project: Path) -> Sample:
        """What a user would do without us: build and push the whole project."""
        file = self.folder / "Dockerfile"
        file.write_text(DOCKERFILE.format(base=self.base), "utf-8")
        return measuring.here(
            lambda: (docker("build", "--quiet", "-f", str(file), "-t", tag, str(project)), docker("push", "-q", tag))
        )


def main(part: str = "") -> None:
    """Measure both parts, or one of them, with projects of two sizes."""
    parts: dict[str, Callable[[Bench, str], list[Row]]] = {"edit": edits, "first": firsts}
    peers.ours()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        os.environ["CHAMBER_CONFIG_DIR"] = str(folder / "home")
        host = stack.enter_context(served(folder / "registry"))
        base = stack.enter_context(pushed_base(host))
        chamber = stack.enter_context(LocalChamber(executor="simulated"))
        bench = Bench(chamber, stack.enter_context(chamber.client()), f"{host}/team", base, folder)
        for name in [part] if part else parts:
            rows = [row for size in projects.SIZES for row in parts[name](bench, size)]
            results.record(f"run.{name}", rows, versions())


def edits(bench: Bench, size: str) -> list[Row]:
    """One line is edited, and the project submitted again."""
    with projects.made(size) as project, image(f"{bench.registry}/{uuid.uuid4().hex}:latest") as tag:
        contestants = {OURS: bench.submit, FRESH: bench.submit_fresh, PEER: functools.partial(bench.build, tag)}
        numbers = itertools.count()
        acts: dict[str, Contestant] = {
            name: functools.partial(edited, act, project, numbers) for name, act in contestants.items()
        }
        acts[FLOOR] = lambda: measuring.process([peers.ours(), "-c", "import aiohttp"], core=None)
        rounds = measuring.in_turn(acts, ROUNDS[size][0])
    what = f"one-line edit to submitted, {size}"
    whole = Rounds({OURS: rounds.samples[FRESH], PEER: rounds.samples[PEER], FLOOR: rounds.samples[FLOOR]})
    fresh = results.row(f"{what}, a fresh process from start to end", whole, PEER, note=WHOLE)
    return [results.row(what, rounds, PEER, least=5), fresh]


WHOLE = "the imports are most of a whole process with a small project, and aiohttp's alone are more than half of them"


def edited(act: Callable[[Path], Sample], project: Path, numbers: Iterator[int]) -> Sample:
    """What an act takes after an edit of its own."""
    projects.edit(project, next(numbers))
    return act(project)


def firsts(bench: Bench, size: str) -> list[Row]:
    """A project that nobody has seen is submitted."""
    with contextlib.ExitStack() as stack:
        turns = [
            (stack.enter_context(projects.made(size, seed)), stack.enter_context(image(_tag(bench))))
            for seed in range(ROUNDS[size][1])
        ]
        waiting = {name: iter(turns) for name in (OURS, PEER, HASHES)}
        contestants: dict[str, Contestant] = {
            OURS: lambda: bench.submit(next(waiting[OURS])[0]),
            PEER: lambda: bench.build(*next(waiting[PEER])[::-1]),
            HASHES: lambda: measuring.here(lambda: hashed(bench.registry, next(waiting[HASHES])[0])),
        }
        rounds = measuring.in_turn(contestants, ROUNDS[size][1], warm=0)
    asked = 3 if size == list(projects.SIZES)[-1] else None
    return [results.row(f"first submission, {size}", rounds, PEER, least=asked)]


def _tag(bench: Bench) -> str:
    return f"{bench.registry}/{uuid.uuid4().hex}:latest"


def hashed(registry: str, project: Path) -> None:
    """Read a project, hash it twice, and upload it as it is."""
    content = b"".join([file.read_bytes() for file in sorted(project.rglob("*")) if file.is_file()])
    digest = hashlib.sha256(content).hexdigest()
    assert hashlib.sha256(content).hexdigest() == digest
    host, _, path = registry.partition("/")
    connection = http.client.HTTPConnection(host)
    connection.request("POST", f"/v2/{path}/{uuid.uuid4().hex}/blobs/uploads/", b"")
    answer = connection.getresponse()
    answer.read()
    where = answer.headers["Location"].removeprefix(f"http://{host}")
    connection.request("PUT", f"{where}&digest=sha256:{digest}", content)
    assert connection.getresponse().status == http.client.CREATED


def versions() -> dict[str, str]:
    """Of everybody who takes part."""
    told = subprocess.run(
        ["docker", "version", "-f", "{{.Server.Version}}"], capture_output=True, check=True, text=True
    )
    return {**peers.versions(peers.ours(), "chamber-run", "isal", "aiohttp"), "docker": told.stdout.strip()}


@contextlib.contextmanager
def no_engine() -> Iterator[None]:
    """Within this, no container engine is to be found."""
    path = os.environ["PATH"]
    os.environ |= {"CHAMBER_ENGINE": "none-such", "PATH": "/nonexistent", "DOCKER_HOST": "unix:///nonexistent"}
    try:
        yield
    finally:
        os.environ["PATH"] = path
        del os.environ["CHAMBER_ENGINE"], os.environ["DOCKER_HOST"]


@contextlib.contextmanager
def pushed_base(host: str) -> Iterator[str]:
    """A small base image, in the registry and in docker's store."""
    with image(f"{host}/base:1") as tag:
        content = BytesIO()
        with tarfile.open(fileobj=content, mode="w") as tar:
            header = tarfile.TarInfo("usr/lib/base.bin")
            header.size = 2_000_000
            tar.addfile(header, BytesIO(random.Random(1).randbytes(header.size)))
        subprocess.run(["docker", "import", "-", tag], input=content.getvalue(), check=True, capture_output=True)
        docker("push", "--quiet", tag)
        yield tag


@contextlib.contextmanager
def image(tag: str) -> Iterator[str]:
    """A tag of docker's that is taken away at the end, with every image that ever had it."""
    try:
        yield tag
    finally:
        named = ["docker", "images", "--quiet", "--no-trunc", tag.rpartition(":")[0]]
        images = set(subprocess.run(named, capture_output=True, check=True, text=True).stdout.split())
        if images:
            docker("rmi", "--force", *images)


def docker(*arguments: str) -> None:
    """Run docker, with the builder that every daemon has."""
    environment = os.environ | {"DOCKER_BUILDKIT": "0"}
    subprocess.run(["docker", *arguments], check=True, capture_output=True, env=environment)


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """The image registry of the Docker project, on loopback."""
    folder.mkdir(parents=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{probe.getsockname()[1]}"
    config = folder / "config.yml"
    config.write_text(
        "version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\n"
        f"storage: {{filesystem: {{rootdirectory: '{folder / 'data'}'}}}}\nhttp: {{addr: '{host}'}}\n"
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(["docker-registry", "serve", str(config)], stdout=log, stderr=log)
    try:
        answers(host)
        yield host
    finally:
        process.terminate()
        process.wait()


def answers(host: str) -> None:
    """Return once something listens there."""
    address, _, port = host.partition(":")
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection((address, int(port)), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
