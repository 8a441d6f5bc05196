"""Kills a process at every point, so many times, and asks the next one; the server's own table has the truth."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

import msgspec

from chamber.core.writing import ABANDONED
from chamber.local import LocalChamber
from reliability.crash import engine
from reliability.crash.points import POINTS, Point
from reliability.crash.verdict import judged
from reliability.crash.work import Order, Told

__all__ = ["kill_everywhere"]

_PROJECT = {
    "train.py": "import data\nprint(open('data/x').read())\n",
    "data/x": "42",
    "data/__init__.py": "",
    "requirements.txt": "six==1.17.0\n",
    ".chamber.yaml": "env:\n  A: b\n",
}
_CONFIG = {"theirs": {"é": [1.5, None]}, "organization_id": None}
#: Written into the project because that was asked for.
_SAVED = ("Dockerfile.chamber", "manifest.chamber.yaml")


def kill_everywhere(folder: Path, repeats: int, points: Sequence[Point] = POINTS) -> tuple[Counter[str], list[str]]:
    """What was counted, and what was wrong: a line for each, which begins with the point and the repeat."""
    counted: Counter[str] = Counter()
    wrong: list[str] = []
    with _Matrix(folder) as matrix:
        for repeat, point in itertools.product(range(repeats), points):
            found = matrix.case(point, repeat, counted)
            wrong += (f"{point.name} [{repeat}]: {what}" for what in found)
    return counted, wrong


class _Matrix:
    """Two servers, one that heeds idempotency keys and one that does not, and the process that forks the others."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        programs, home = self._folder / "programs", self._folder / "home"
        programs.mkdir()
        engine.install(programs)
        os.environ["CHAMBER_CONFIG_DIR"] = str(home)
        environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
        command = [sys.executable, "-m", "reliability.crash.zygote"]
        self._zygote = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self._stack.callback(self._end)
        self._heeding, self._careless = (
            self._stack.enter_context(
                LocalChamber(executor="simulated", data_dir=self._folder / f"data-{heeds}", idempotency=heeds)
            )
            for heeds in (True, False)
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _end(self) -> None:
        assert self._zygote.stdin is not None
        self._zygote.stdin.close()
        self._zygote.wait()
        assert self._zygote.stdout is not None
        self._zygote.stdout.close()

    def case(self, point: Point, repeat: int, counted: Counter[str]) -> list[str]:
        """What was wrong after one kill."""
        case = _Case(self, point, repeat)
        return [*case.killed(counted), *case.survived(counted)]

    def server(self, point: Point) -> LocalChamber:
        return self._heeding if point.in_flight else self._careless

    def fork(self, order: Order) -> int:
        """How the process ended."""
        assert self._zygote.stdin is not None
        assert self._zygote.stdout is not None
        self._zygote.stdin.write(msgspec.json.encode(order).decode() + "\n")
        self._zygote.stdin.flush()
        return int(self._zygote.stdout.readline())

    def prepared(self, name: str) -> Path:
        """A folder with a home that knows the servers, and a project."""
        folder = self._folder / name
        shutil.copytree(self._folder / "home", folder / "home")
        (folder / "home").chmod(0o700)
        (folder / "home" / "config.json").write_text(json.dumps(_CONFIG))
        (folder / "tmp").mkdir()
        for path, text in _PROJECT.items():
            file = folder / "project" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return folder


class _Case:
    """One kill, and what comes after it."""

    def __init__(self, matrix: _Matrix, point: Point, repeat: int) -> None:
        self._matrix, self._point, self._repeat = matrix, point, repeat
        self._name = f"{point.kind}-{POINTS.index(point)}-{repeat}"
        self._folder = matrix.prepared(self._name)
        self._home, self._project = self._folder / "home", self._folder / "project"
        if point.kind == "engine":
            (self._project / "Dockerfile").write_text("FROM scratch\nCOPY . /app\n")
        self._before = _digest(self._project)
        server = matrix.server(point)
        self._database = server._started.folder.database
        self._order = Order(
            kind=point.kind,
            name=self._name,
            folder=str(self._folder),
            project=str(self._project),
            api_url=server.api_url,
            token=server.token,
            registry=server.registry,
            team=server.team,
            acknowledged=point.acknowledged,
        )

    def killed(self, counted: Counter[str]) -> Iterator[str]:
        """Kill, and look at what is left."""
        if self._point.kind == "resume":
            self._kill(next(point for point in POINTS if point.name == "run: server has acted"), counted)
        code = self._kill(self._point, counted)
        if code != -signal.SIGKILL:
            yield f"the process was not killed there, and ended with {code}"
        yield from self._intact("the kill")
        if len(self._jobs()) > 1:
            yield f"{len(self._jobs())} jobs before there was a second run"

    def _kill(self, point: Point, counted: Counter[str]) -> int:
        counted["kills"] += 1
        return self._matrix.fork(msgspec.structs.replace(self._order, point=point.name))

    def survived(self, counted: Counter[str]) -> Iterator[str]:
        """Have the next process look, and do the same again."""
        jobs, resolve = set(self._jobs()), self._repeat % 2 == 1
        self._age()
        again = self._repeat == 0 and self._point.kind != "submit"
        code = self._matrix.fork(msgspec.structs.replace(self._order, resolve=resolve, again=again))
        if code:
            yield f"the next process ended with {code}"
            return
        told = msgspec.json.decode((self._folder / "told.json").read_bytes(), type=Told)
        found = judged(self._point, jobs, self._jobs(), told)
        counted.update(found.counts)
        yield from found.wrong
        yield from self._intact("the next run")
        yield from self._tidy()
        shutil.rmtree(self._folder)

    def _intact(self, when: str) -> Iterator[str]:
        """Whether the project and the configuration are whole."""
        if _digest(self._project) != self._before:
            yield f"the project is another after {when}"
        content = json.loads((self._home / "config.json").read_bytes() or b"null")
        if not content or {name: content.get(name) for name in _CONFIG} != _CONFIG:
            yield f"the configuration is {content} after {when}"
        for file in self._project.glob("*.chamber*"):
            if file.name in _SAVED and not file.read_text().endswith("\n"):
                yield f"{file.name} is not whole after {when}"

    def _tidy(self) -> Iterator[str]:
        left = [file for file in self._folder.rglob("*") if file.name.endswith((".chamber-part", ".tmp"))]
        left += [*(self._folder / "tmp").iterdir(), *(self._home / "cache" / "turns").glob("*")]
        if left:
            yield f"left behind: {[str(file.relative_to(self._folder)) for file in left]}"

    def _age(self) -> None:
        """Let the time pass after which nobody is still writing."""
        past = time.time() - 2 * max(ABANDONED, 86_400)
        for file in self._folder.rglob("*"):
            if file.name.endswith((".chamber-part", ".tmp", ".lock")) or file.parent.name == "tmp":
                os.utime(file, (past, past))

    def _jobs(self) -> list[str]:
        """The external ids of the jobs of this case, as the server has them."""
        with contextlib.closing(sqlite3.connect(f"file:{self._database}?mode=ro", uri=True, timeout=30)) as database:
            return [
                found
                for (found,) in database.execute("SELECT external_id FROM workloads WHERE name = ?", (self._name,))
            ]


def _digest(folder: Path) -> str:
    """Of all that is in a folder, but for what it was asked to have written there."""
    found = hashlib.sha256()
    for path in sorted([folder, *folder.rglob("*")]):
        if path.name in _SAVED or path.name.endswith(".chamber-part"):
            continue
        facts = path.lstat()
        times = () if path.is_dir() else (facts.st_mtime_ns,)
        found.update(repr((str(path.relative_to(folder)), facts.st_mode, times)).encode())
        found.update(path.read_bytes() if path.is_file() else b"")
    return found.hexdigest()
