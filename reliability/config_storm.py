"""Many processes that change ``config.json`` at once, and files in its place that were mutilated."""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import stat
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from chamber.core.errors import ChamberError
from chamber.core.settings import resolve, updating
from chamber.run.settings import registries
from reliability import figures

__all__ = ["main", "mutilated", "storm"]

#: Of another tool, with all that JSON has.
THEIRS = {"theirs": {"é": [None, True, 1.5, "\U0001f600", {}], "n": 10**30}, "api_url": "https://x.example/v1"}
#: Seconds between two looks at the file, once enough were taken.
_PAUSE = 0.001


def storm(folder: Path, processes: int = 16, writes: int = 200, samples: int = 10_000) -> dict[str, int]:
    """What was counted while so many `processes` changed one file `writes` times each, and this one looked at it."""
    file = folder / "storm" / "config.json"
    with updating(file) as content:
        content.update(THEIRS, total=0)
    begin, start = os.pipe()
    names = [f"writer-{number}" for number in range(processes)]
    writers = [_forked(partial(_write, file, name, writes, begin)) for name in names]
    os.write(start, bytes(processes))
    os.close(begin)
    os.close(start)
    seen = _watched(file, writers, samples)
    content = json.loads(file.read_bytes())
    expected = {**THEIRS, "total": processes * writes, **dict.fromkeys(names, writes)}
    left = {path.name for path in file.parent.iterdir()} - {"config.json", "config.json.lock"}
    return {
        "updates": processes * writes,
        "lost updates": processes * writes - content["total"],
        "fields lost or changed": sum(content.get(name) != value for name, value in expected.items()),
        "writers that failed": seen["failed"],
        "looks at the file": seen["looks"],
        "looks that found it broken": seen["broken"],
        "looks that found an older one": seen["older"],
        "looks that found it open to others": seen["open"],
        "files left beside it": len(left),
    }


def _write(file: Path, name: str, writes: int, begin: int) -> None:
    os.read(begin, 1)
    for _ in range(writes):
        with updating(file) as content:
            content["total"] += 1
            content[name] = content.get(name, 0) + 1


def _forked(work: Callable[[], None]) -> int:
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except BaseException as error:
            print(repr(error), flush=True)
            os._exit(1)
        os._exit(0)
    return pid


def _watched(file: Path, writers: list[int], samples: int) -> Counter[str]:
    """Look at the file until every writer has ended, and at least `samples` times meanwhile."""
    seen: Counter[str] = Counter()
    running, total = set(writers), 0
    while running:
        total = max(total, _look(file, total, seen))
        if seen["looks"] > samples:
            time.sleep(_PAUSE)
        if seen["looks"] % 50 == 0:
            running -= _ended(running, seen)
    return seen


def _look(file: Path, total: int, seen: Counter[str]) -> int:
    seen["looks"] += 1
    try:
        with file.open("rb") as opened:
            seen["open"] += stat.S_IMODE(os.fstat(opened.fileno()).st_mode) != 0o600
            content = json.loads(opened.read())
    except (OSError, ValueError):
        seen["broken"] += 1
        return total
    seen["broken"] += any(content.get(name) != value for name, value in THEIRS.items())
    seen["older"] += content["total"] < total
    return int(content["total"])


def _ended(running: set[int], seen: Counter[str]) -> set[int]:
    ended = set()
    for pid in running:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            ended.add(pid)
            seen["failed"] += os.waitstatus_to_exitcode(status) != 0
    return ended


def mutilated(folder: Path, count: int = 1_000, seed: int = 6) -> dict[str, int]:
    """What became of `count` different files that are nearly settings, when they were read and changed."""
    file = folder / "mutilated" / "config.json"
    file.parent.mkdir(mode=0o700)
    done: Counter[str] = Counter()
    for content in _contents(random.Random(seed), count):
        for change in (_read, _change, _add_registry):
            file.write_bytes(content)
            done[_outcome(change, file, content)] += 1
    names = ("read or changed", "refused and left", "erased or altered", "foreign errors")
    return {"files": count, **{name: done[name] for name in names}}


def _outcome(change: Callable[[Path], set[str]], file: Path, content: bytes) -> str:
    try:
        ours = change(file)
    except ChamberError:
        return "refused and left" if file.read_bytes() == content else "erased or altered"
    except Exception as error:
        print(repr(error), content[:200])
        return "foreign errors"
    return "read or changed" if _kept(content, file.read_bytes(), ours) else "erased or altered"


def _kept(before: bytes, after: bytes, ours: set[str]) -> bool:
    """Whether all is as it was but for our fields, in the same order and as the same text."""
    if not ours:
        return before == after
    old, new = ([pair for pair in json.loads(text).items() if pair[0] not in ours] for text in (before, after))
    return json.dumps(old) == json.dumps(new)


def _read(file: Path) -> set[str]:
    resolve("ch.a-token", environment={}, config_dir=file.parent)
    return set()


def _change(file: Path) -> set[str]:
    with updating(file) as content:
        content["ours"] = "changed"
    return {"ours"}


def _add_registry(file: Path) -> set[str]:
    before = os.environ.get("CHAMBER_CONFIG_DIR")
    os.environ["CHAMBER_CONFIG_DIR"] = str(file.parent)
    try:
        registries.add("lab", "harbor.example/ml", set_default=True)
    finally:
        del os.environ["CHAMBER_CONFIG_DIR"]
        if before is not None:
            os.environ["CHAMBER_CONFIG_DIR"] = before
    return {"registries", "registry_options", "default_registry"}


def _contents(chance: random.Random, count: int) -> Iterator[bytes]:
    """So many different files."""
    seen: set[bytes] = set()
    while len(seen) < count:
        text = chance.choice(_MUTILATIONS)(chance, chance.choice(_WHOLE).encode())
        if text not in seen:
            seen.add(text)
            yield text


_WHOLE = [
    json.dumps({**THEIRS, "registries": {"a": "b.example/c"}, "default_registry": "a"}, indent=2, ensure_ascii=False),
    json.dumps({**THEIRS, "registry_options": {"b.example": {"insecure": True, "auth_realm": "https://c.example"}}}),
    json.dumps({"organization_id": "org", "api_url": None, "deep": [[[[[{}]]]]], "x": 1e-7, "z": -0.0}),
]
_VALUES = ["null", "[]", '"a"', "7", "NaN", "-Infinity", "1e999", "0.1000000000000000055511151231257827", "{}", "true"]


def _cut(chance: random.Random, text: bytes) -> bytes:
    return text[: chance.randrange(len(text))]


def _without(chance: random.Random, text: bytes) -> bytes:
    start = chance.randrange(len(text))
    return text[:start] + text[start + chance.randint(1, 20) :]


def _flipped(chance: random.Random, text: bytes) -> bytes:
    changed = bytearray(text)
    for _ in range(chance.randint(1, 3)):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _inserted(chance: random.Random, text: bytes) -> bytes:
    pieces = [b"\0", b"\xff", b"\xef\xbb\xbf", b"{", b"]", b",", b"//c\n", b"\\ud800", b'"', b"<<<<<<< HEAD\n", b"e9"]
    start = chance.randrange(len(text) + 1)
    return text[:start] + chance.choice(pieces) + text[start:]


def _twice(chance: random.Random, text: bytes) -> bytes:
    start = chance.randrange(len(text))
    return text[:start] + text[start : start + chance.randint(1, 60)] + text[start:]


def _zeroed(chance: random.Random, text: bytes) -> bytes:
    """As a file system leaves a file that was not on the disk when the power went."""
    start = chance.randrange(len(text))
    return text[:start] + bytes(len(text) - start)


def _other_value(chance: random.Random, text: bytes) -> bytes:
    content = json.loads(text)
    name = chance.choice([*content, "registries", "registry_options", "default_registry", "api_url"])
    rest = json.dumps({key: value for key, value in content.items() if key != name})
    space = " " * chance.randrange(4)
    return f"{rest[:-1]},{space}{json.dumps(name)}:{space}{chance.choice(_VALUES)}{'}'}".encode()


def _wrapped(chance: random.Random, text: bytes) -> bytes:
    depth = chance.randrange(1, 3_000)
    before, after = chance.choice([(b"[", b"]"), (b'{"a":', b"}")])
    return before * depth + text + after * depth


_MUTILATIONS = [_cut, _without, _flipped, _inserted, _twice, _zeroed, _other_value, _wrapped]


def main(argv: list[str]) -> int:
    """Change one file from many processes, and refuse what is broken. The sizes of a release are those of CI."""
    parser = argparse.ArgumentParser(prog="python -m reliability config-storm", description=main.__doc__)
    parser.add_argument("--processes", type=int, default=16)
    parser.add_argument("--writes", type=int, default=200, help="of each process")
    parser.add_argument("--samples", type=int, default=10_000, help="looks at the file, at least")
    parser.add_argument("--files", type=int, default=1_000, help="that are mutilated")
    parser.add_argument("--seed", type=int, default=6)
    parser.add_argument("--no-record", action="store_true", help="do not write the figures down")
    options = parser.parse_args(argv)
    folder = Path(tempfile.mkdtemp(prefix="config-storm-"))
    started = time.monotonic()
    try:
        counted = storm(folder, options.processes, options.writes, options.samples)
        spoilt = mutilated(folder, options.files, options.seed)
    finally:
        shutil.rmtree(folder)
    found = {**counted, **{f"mutilated: {name}": number for name, number in spoilt.items()}}
    print(json.dumps({"seed": options.seed, "seconds": round(time.monotonic() - started, 1), **found}, indent=1))
    if not options.no_record:
        figures.record("config_storm", found, "hatch run reliability config-storm", seed=options.seed)
    return int(not _is_good(counted, spoilt, options.samples))


def _is_good(counted: dict[str, int], spoilt: dict[str, int], samples: int) -> bool:
    bad = [number for name, number in counted.items() if name not in {"updates", "looks at the file"}]
    bad += [spoilt["erased or altered"], spoilt["foreign errors"]]
    return not any(bad) and counted["looks at the file"] >= samples
