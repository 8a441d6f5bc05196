"""The end of a log."""

import os
from pathlib import Path

__all__ = ["last_lines"]

#: The lines of a pod may be far from the end, behind those of the others.
_PODS_TAIL = 400


def last_lines(log: Path, lines: int = 3, width: int = 500, prefix: str = "") -> str:
    """``": <the last lines>"``, at most `width` characters, or nothing for an empty log.

    Of lines that begin with `prefix` alone, without it.
    """
    with log.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - (4 if not prefix else _PODS_TAIL) * width))
        text = file.read().decode(errors="replace")
    own = (line.removeprefix(prefix).strip() for line in text.splitlines() if line.startswith(prefix))
    kept = [line for line in own if line][-lines:]
    end = " | ".join(kept)[-width:]
    return f": {end}" if end else ""
