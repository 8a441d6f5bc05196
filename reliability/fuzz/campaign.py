"""A campaign: every target for some seconds in a process of its own, from its stored inputs on."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

from msgspec import Struct

from reliability import figures
from reliability.fuzz import corpora
from reliability.fuzz.checking import LARGEST, check
from reliability.fuzz.reach import reaching
from reliability.fuzz.targets import TARGETS

__all__ = ["main", "replay"]

_ROOT = Path(__file__).resolve().parents[2]
_SECONDS = 5
_LONGEST_INPUT = 4096
_RUNS = re.compile(r"^stat::number_of_executed_units: +(\d+)", re.MULTILINE)


class _Ended(Struct, frozen=True):
    """How the session of one target ended."""

    target: str
    runs: int
    seconds: float
    #: The input that broke a promise, and what was told of it.
    find: bytes | None
    told: str


def replay(target: str) -> dict[bytes, str]:
    """The stored inputs that break a promise now, and what each says. Needs no atheris."""
    return {data: told for data in corpora.read(target) if (told := _told(target, data))}


def main(argv: list[str]) -> int:
    """Fuzz each target for some seconds: 5 in CI, 60 every night, 1800 before a release. 0 when nothing was found."""
    parser = argparse.ArgumentParser(prog="python -m reliability fuzz", description=main.__doc__)
    parser.add_argument("--seconds", type=int, default=_SECONDS, help="for each target (default: %(default)s)")
    parser.add_argument("--target", action="append", choices=sorted(TARGETS), help="only this one; may be repeated")
    parser.add_argument("--seed", type=int, default=1, help="of libFuzzer's choices (default: %(default)s)")
    parser.add_argument("--keep", action="store_true", help="keep the finds, and the inputs that reach new code")
    asked = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        atheris = _atheris(Path(folder))
        if atheris is None:
            return 2
        ended = [_session(Path(folder), atheris, target, asked) for target in asked.target or sorted(TARGETS)]
    for one in ended:
        print(f"{one.target:20} {one.runs:>9,} runs {one.seconds:>6.0f} s  {one.told if one.find else 'nothing found'}")
        if one.find:
            print(f"{'':20} {one.find!r}")
    _record(ended, asked)
    return 1 if any(one.find is not None or not one.runs for one in ended) else 0


def _atheris(folder: Path) -> str | None:
    """A path where atheris can be imported from; it is no dependency, because not every Python has a wheel of it."""
    if find_spec("atheris"):
        return ""
    place = folder / "atheris"
    command = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", sys.executable]
    done = subprocess.run(
        [*command, "--only-binary=:all:", "--target", str(place), "atheris>=3"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        print(f"atheris cannot be installed for this Python: {done.stderr.strip()}", file=sys.stderr)
        return None
    return str(place)


def _session(folder: Path, atheris: str, target: str, asked: argparse.Namespace) -> _Ended:
    inputs = folder / target
    inputs.mkdir()
    for number, data in enumerate(corpora.read(target)):
        (inputs / str(number)).write_bytes(data)
    found = folder / f"{target}.find-"
    limits = [f"-max_total_time={asked.seconds}", f"-seed={asked.seed}", f"-max_len={_LONGEST_INPUT}"]
    limits += ["-timeout=60", f"-rss_limit_mb={LARGEST * 8 >> 20}", f"-artifact_prefix={found}", "-print_final_stats=1"]
    command = [sys.executable, "-m", "reliability.fuzz.session", target, *limits, str(inputs)]
    began = time.monotonic()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(_ROOT), atheris]))}
    done = subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, errors="replace", check=False
    )
    seconds = time.monotonic() - began
    finds = [file.read_bytes() for file in folder.glob(f"{found.name}*")]
    if asked.keep:
        corpora.write(target, [*finds, *reaching(target, [file.read_bytes() for file in inputs.iterdir()])])
    runs = _RUNS.search(done.stderr)
    told = _told(target, finds[0]) if finds else done.stderr[-2000:]
    return _Ended(
        target, int(runs[1]) if runs else 0, seconds, finds[0] if finds else None, told or done.stderr[-2000:]
    )


def _told(target: str, data: bytes) -> str:
    try:
        check(target, data)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def _record(ended: list[_Ended], asked: argparse.Namespace) -> None:
    stored = sum(len(corpora.read(target)) for target in TARGETS)
    figures.record(
        "fuzz",
        {
            "targets": len(ended),
            "runs": sum(one.runs for one in ended),
            "seconds for each target": asked.seconds,
            "stored inputs": stored,
            "foreign exceptions, inputs over 1 s of CPU or 256 MB": sum(one.find is not None for one in ended),
        },
        f"hatch run fuzz --seconds {asked.seconds}",
        seed=asked.seed,
    )
