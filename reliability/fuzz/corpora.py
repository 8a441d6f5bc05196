"""The stored inputs of each target: one file for each, in which a line is the bytes of an input in Python's words."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

__all__ = ["read", "write"]

_FOLDER = Path(__file__).parent / "corpus"


def read(target: str) -> list[bytes]:
    """The stored inputs; a line that begins with ``#`` is a remark."""
    file = _FOLDER / f"{target}.txt"
    lines = file.read_text("utf-8").splitlines() if file.exists() else []
    return [ast.literal_eval(line) for line in lines if line.startswith("b")]


def write(target: str, inputs: Iterable[bytes]) -> int:
    """Adds the inputs that are not there yet; the number of those that are there now."""
    known = read(target)
    new = sorted(set(inputs) - set(known), key=lambda data: (len(data), data))
    _FOLDER.mkdir(exist_ok=True)
    with (_FOLDER / f"{target}.txt").open("a", encoding="utf-8") as file:
        file.writelines(f"{data!r}\n" for data in new)
    return len(known) + len(new)
