"""Projects to measure with: many files, half of whose bytes are noise; and what no image should have."""

from __future__ import annotations

import random
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["SIZES", "edit", "ignored", "made"]

#: Files and bytes, by what they are called.
SIZES = {"200 files, 5 MB": (200, 5_000_000), "20,000 files, 400 MB": (20_000, 400_000_000)}

_LINE = b"    value = compute(argument, other)  # a line of code, as there are many\n"
_IN_A_FOLDER = 100


@contextmanager
def made(size: str, seed: int = 0) -> Iterator[Path]:
    """A project of one of the `SIZES`, in a temporary folder, in folders of 100 files each; `seed` makes its noise."""
    files, whole = SIZES[size]
    noise, each = random.Random(seed), whole // files
    with _temporary() as project:
        (project / "requirements.txt").write_text("# the standard library does\n", "utf-8")
        (project / "train.py").write_text("print('trained')\n", "utf-8")
        for number in range(files):
            file = project / f"package_{number // _IN_A_FOLDER}" / f"module_{number}.py"
            file.parent.mkdir(exist_ok=True)
            text = _LINE * (each // 2 // len(_LINE))
            file.write_bytes(text + b"# " + noise.randbytes(each - len(text) - 2))
        yield project


def ignored(project: Path, files: int) -> None:
    """Put a virtual environment and a history of so many small files into `project`, in folders of 100 each."""
    (project / ".venv").mkdir()
    (project / ".venv" / "pyvenv.cfg").write_text("home = /usr/bin\n", "utf-8")
    for number in range(files):
        above = project / (".venv/lib" if number % 2 else ".git/objects") / f"{number // (2 * _IN_A_FOLDER):03}"
        above.mkdir(parents=True, exist_ok=True)
        (above / f"{number:06}.py").write_bytes(b"%06d\n" % number * 100)


def edit(project: Path, number: int) -> None:
    """Change one line of one file."""
    files = sorted(project.glob("package_*/*.py"))
    file = files[number * 7919 % len(files)]
    first, _, rest = file.read_bytes().partition(b"\n")
    file.write_bytes(uuid.uuid4().hex.encode().ljust(len(first), b"#") + b"\n" + rest)


@contextmanager
def _temporary() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
