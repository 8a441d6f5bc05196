"""From a one-line edit to a submitted workload: `client.run()` beside ``docker build`` and ``docker push``.

On one machine, one docker daemon and one image registry on loopback. The peer builds the whole project with a warm
cache; every repetition edits one line of one file, then ours and the peer go in turn, in changing order.
"""

import contextlib
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from chamber.core import ChamberClient
from chamber.core.transport import Transport
from chamber.local import LocalChamber

#: Files, bytes and repetitions.
PROJECTS = {"200 files, 5 MB": (200, 5_000_000, 5), "20,000 files, 400 MB": (20_000, 400_000_000, 3)}
DOCKERFILE = """\
FROM {base}
WORKDIR /app
COPY requirements.txt .
COPY . .
CMD ["python", "train.py"]
"""
FRESH = """
import sys, time
started = time.perf_counter()
from chamber.core import ChamberClient
project, url, token, team, registry, base = sys.argv[1:]
with ChamberClient(token=token, api_url=url) as client:
    called = time.perf_counter()
    client.run(project, team=team, registry=registry, base_image=base, progress=False)
    print(time.perf_counter() - called)
"""


class Bench(NamedTuple):
    """Where everything goes."""

    chamber: LocalChamber
    client: ChamberClient
    registry: str
    base: str

    def submit(self, project: Path) -> None:
        """Ours, in this process."""
        self.client.run(project, team=self.chamber.team, registry=self.registry, base_image=self.base, progress=False)

    def submit_fresh(self, project: Path) -> None:
        """Ours, in a process of its own, from start to end."""
        chamber = self.chamber
        told = [str(project), chamber.api_url, chamber.token, chamber.team, self.registry, self.base]
        subprocess.run([sys.executable, "-c", FRESH, *told], check=True, stdout=subprocess.DEVNULL)


class Peer(NamedTuple):
    """What a user would do without us, with the Dockerfile that they would write."""

    folder: Path
    image: str

    def submit(self, project: Path) -> None:
        """Build and push the whole project."""
        docker("build", "--quiet", "--file", str(self.folder / "Dockerfile"), "--tag", self.image, str(project))
        docker("push", "--quiet", self.image)


def main() -> None:
    """Print seconds, ratios and requests for projects of two sizes."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        os.environ["CHAMBER_CONFIG_DIR"] = str(folder / "home")
        host = stack.enter_context(served(folder / "registry"))
        base = stack.enter_context(pushed_base(host))
        chamber = stack.enter_context(LocalChamber(executor="simulated"))
        client = stack.enter_context(chamber.client())
        for name, (files, size, repetitions) in PROJECTS.items():
            project = folder / uuid.uuid4().hex
            write(project, files, size)
            measure(name, project, Bench(chamber, client, f"{host}/team", base), folder, repetitions)
            shutil.rmtree(project)


def measure(name: str, project: Path, bench: Bench, folder: Path, repetitions: int) -> None:
    """Print what one project takes."""
    (folder / "Dockerfile").write_text(DOCKERFILE.format(base=bench.base), "utf-8")
    with image(f"{bench.registry}/{uuid.uuid4().hex}:latest") as tag:
        peer = Peer(folder, tag)
        first = seconds(bench.submit, project), seconds(peer.submit, project)
        with requests() as sent:
            edited = [turn(number, project, bench, peer) for number in range(repetitions)]
    ours, fresh, theirs = ([one[place] for one in edited] for place in range(3))
    print(f"one-line edit to submitted, {name}: seconds, median of {repetitions} (and the first run)")
    print(f"  client.run()               {middle(ours):6.2f}   {first[0]:6.2f}")
    print(f"  a fresh python process     {middle(fresh):6.2f}")
    print(f"  docker build, docker push  {middle(theirs):6.2f}   {first[1]:6.2f}")
    ratios = sorted(their / our for our, _, their in edited)
    print(
        f"  client.run() is {middle(ratios):.1f} times quicker ({ratios[0]:.1f} to {ratios[-1]:.1f}), a fresh process "
        f"{middle([their / one for _, one, their in edited]):.1f}, a first run {first[1] / first[0]:.1f}; "
        f"{len(sent) / repetitions:.0f} requests a run, no engine call"
    )


def turn(number: int, project: Path, bench: Bench, peer: Peer) -> tuple[float, float, float]:
    """Seconds of ours, of ours in a fresh process, and of the peer's, each after an edit of its own."""
    acts = [bench.submit, bench.submit_fresh, peer.submit]
    order = acts if number % 2 else acts[::-1]
    took = {}
    for act in order:
        edit(project, number)
        with no_engine() if act != peer.submit else contextlib.nullcontext():
            took[act] = seconds(act, project)
    return took[acts[0]], took[acts[1]], took[acts[2]]


def seconds(act: Callable[[Path], None], project: Path) -> float:
    """Seconds that one submission takes."""
    started = time.perf_counter()
    act(project)
    return time.perf_counter() - started


def middle(values: list[float]) -> float:
    """The median."""
    return statistics.median(values)


def write(project: Path, files: int, size: int) -> None:
    """A project of `files` files in folders of 100, of `size` bytes, half of them noise."""
    noise, each = random.Random(0), size // files
    project.mkdir(parents=True)
    (project / "requirements.txt").write_text("# the standard library does\n", "utf-8")
    (project / "train.py").write_text("print('trained')\n", "utf-8")
    line = b"    value = compute(argument, other)  # a line of code, as there are many\n"
    for number in range(files):
        file = project / f"package_{number // 100}" / f"module_{number}.py"
        file.parent.mkdir(exist_ok=True)
        text = line * (each // 2 // len(line))
        file.write_bytes(text + b"# " + noise.randbytes(each - len(text) - 2))


def edit(project: Path, number: int) -> None:
    """Change one line of one file."""
    files = sorted(project.glob("package_*/*.py"))
    file = files[number * 7919 % len(files)]
    content = file.read_bytes()
    first, _, rest = content.partition(b"\n")
    file.write_bytes(uuid.uuid4().hex.encode().ljust(len(first), b"#") + b"\n" + rest)


@contextlib.contextmanager
def requests() -> Iterator[list[str]]:
    """What this process sends to the API and the registry."""
    sent: list[str] = []
    call, stream = Transport.call, Transport.stream

    def counted_call(self: Transport, *arguments: object, **options: object) -> object:
        sent.append("API")
        return call(self, *arguments, **options)

    def counted_stream(self: Transport, *arguments: object, **options: object) -> object:
        sent.append("registry")
        return stream(self, *arguments, **options)

    Transport.call, Transport.stream = counted_call, counted_stream
    try:
        yield sent
    finally:
        Transport.call, Transport.stream = call, stream


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
