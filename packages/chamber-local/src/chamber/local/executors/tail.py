"""The end of a log."""

import os
from pathlib import Path

__all__ = ["last_lines"]


def last_lines(log: Path, lines: int = 3, width: int = 500) -> str:
    """``": <the last lines>"``, at most `width` characters, or nothing for an empty log."""
    with log.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - 4 * width))
        text = file.read().decode(errors="replace")
    kept = [line.strip() for line in text.splitlines() if line.strip()][-lines:]
    end = " | ".join(kept)[-width:]
    return f": {end}" if end else ""
