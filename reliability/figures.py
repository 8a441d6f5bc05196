"""What the runs measured: each writes its own file, and the table in ``docs/reliability.md`` is made of these."""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["main", "record", "table"]

_ROOT = Path(__file__).resolve().parents[1]
_FOLDER = _ROOT / "reliability" / "figures"
_PAGE = _ROOT / "docs" / "reliability.md"
_BEGIN, _END = "<!-- figures: begin -->", "<!-- figures: end -->"

#: Figure -> what was counted.
Figures = Mapping[str, object]


def record(name: str, figures: Figures, command: str, *, seed: int | None = None) -> None:
    """Keep what the run `name` counted: the figures, how to repeat it, and on what machine it was."""
    _FOLDER.mkdir(exist_ok=True)
    kept = {"command": command, "seed": seed, "date": f"{datetime.now(UTC):%Y-%m-%d}", **machine(), "figures": figures}
    (_FOLDER / f"{name}.json").write_text(json.dumps(kept, indent=1) + "\n", "utf-8")


def machine() -> dict[str, object]:
    """Python's version, the system and the cores that this process may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {"python": platform.python_version(), "system": platform.system(), "cores": cores}


def table(folder: Path = _FOLDER) -> str:
    """The recorded figures in Markdown: for each run how and where it was made, and a row for each figure."""
    return "\n\n".join(_section(json.loads(file.read_text("utf-8"))) for file in sorted(folder.glob("*.json")))


def _section(kept: Mapping[str, object]) -> str:
    seed = "" if kept["seed"] is None else f"seed {kept['seed']}, "
    where = f"{seed}{kept['date']}, {kept['cores']} cores, {kept['system']}, Python {kept['python']}"
    figures = kept["figures"]
    assert isinstance(figures, dict)
    rows = [f"| {figure} | {counted} |" for figure, counted in figures.items()]
    return "\n".join([f"`{kept['command']}` ({where}):", "", "| figure | counted |", "|---|---|", *rows])


def main(argv: list[str]) -> int:
    """Write the table into the page, between its two marks."""
    argparse.ArgumentParser(prog="python -m reliability figures", description=main.__doc__).parse_args(argv)
    page = _PAGE.read_text("utf-8")
    before, _, rest = page.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    _PAGE.write_text(f"{before}{_BEGIN}\n\n{table()}\n\n{_END}{after}", "utf-8")
    return 0
