"""The kinds of faults in `docs/reliability.md`, as the table has them."""

from __future__ import annotations

import argparse
from pathlib import Path

from reliability.proxy import KINDS, rows

__all__ = ["main", "written"]

_PAGE = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"
_BEGIN, _END = "<!-- kinds: begin -->", "<!-- kinds: end -->"


def written(page: str) -> str:
    """The page with the table as it is now between its two marks."""
    before, _, rest = page.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    table = "\n".join(rows(KINDS))
    return f"{before}{_BEGIN}\n{table}\n{_END}{after}"


def main(argv: list[str]) -> int:
    """Write the table of the kinds of faults into the page."""
    argparse.ArgumentParser(prog="python -m reliability kinds", description=main.__doc__).parse_args(argv)
    _PAGE.write_text(written(_PAGE.read_text("utf-8")), "utf-8")
    return 0
