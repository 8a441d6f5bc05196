"""What the measurements found: `results.json` has a section for each, and the table in ``docs/speed.md`` is made of it.

::

    rows = [results.row("a whole process", rounds, "chamber-sdk", least=6)]
    results.record("import_weight", rows, {"chamber-sdk": "1.2.3"})

replaces the section, prints it, and writes the page anew between its two marks.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from measuring import Measure, Rounds

__all__ = ["OURS", "Row", "machine", "record", "row", "table"]

#: The contestant that the others are compared with.
OURS = "chamber"

_ROOT = Path(__file__).resolve().parent.parent
_KEPT = _ROOT / "benchmarks" / "results.json"
_PAGE = _ROOT / "docs" / "speed.md"
_BEGIN, _END = "<!-- figures: begin -->", "<!-- figures: end -->"

_MEASURES = {"wall": "time", "cpu": "CPU time"}


class Row(NamedTuple):
    """One figure that was measured, beside what is asked of it."""

    #: What was done, such as ``iterate 20,000 workloads``.
    what: str
    #: What was measured of it, such as ``time`` or ``CPU time``.
    measure: str
    #: What is asked, in words such as ``at least 2.5x less``; empty: nothing is.
    asked: str
    #: What was found, in the same words: ``3.1x (2.9 to 3.4)``.
    found: str
    #: Whether that is what is asked.
    reached: bool
    #: Contestant, ours too -> its own figure, such as ``812 µs``.
    figures: Mapping[str, str]
    #: What a reader has to know, above all of a figure that is not reached.
    note: str = ""


def row(
    what: str,
    rounds: Rounds,
    peer: str,
    *,
    least: float | None = None,
    measure: Measure = "wall",
    count: int = 1,
    asked: str | None = None,
    note: str = "",
    ours: str = OURS,
) -> Row:
    """The row of rounds in which `ours` went beside `peer`, and others.

    `least`: how many times more the peer has to take; below 1 ours may take more. `count`: how many items or calls one
    sample is of; figures are told for one. `asked`: other words for `least`.
    """
    ratio = rounds.ratio(peer, ours, measure)
    words = asked or ("" if least is None else f"at least {least:g}x less")
    return Row(
        what=what,
        measure=_MEASURES[measure],
        asked=words,
        found=f"{ratio.median:.3g}x ({ratio.low:.3g} to {ratio.high:.3g}, {rounds.count} rounds)",
        reached=least is None or ratio.median >= least,
        figures={name: told(rounds.middle(name, measure) / count) for name in rounds.samples},
        note=note,
    )


def told(seconds: float) -> str:
    """Seconds in a unit that suits them."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def record(name: str, rows: Sequence[Row], versions: Mapping[str, str] | None = None) -> None:
    """Keep and print what the measurement `name` found. `versions`: of the distributions that took part."""
    kept = json.loads(_KEPT.read_text("utf-8")) if _KEPT.exists() else {}
    section = {
        "command": f"hatch run bench {name}",
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": machine(),
        "versions": dict(sorted((versions or {}).items())),
        "rows": [one._asdict() for one in rows],
    }
    kept[name] = section
    _KEPT.write_text(json.dumps(kept, indent=1, ensure_ascii=False, sort_keys=True) + "\n", "utf-8")
    print(_in_words(name, section), flush=True)
    if _PAGE.exists():
        before, _, rest = _PAGE.read_text("utf-8").partition(_BEGIN)
        _, _, after = rest.partition(_END)
        _PAGE.write_text(f"{before}{_BEGIN}\n\n{table(kept)}\n\n{_END}{after}", "utf-8")


def machine() -> dict[str, object]:
    """The processor, how many cores of it may be used, the system and Python."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "system": platform.system(),
        "python": platform.python_version(),
    }


def table(kept: Mapping[str, Any]) -> str:
    """The sections in Markdown."""
    return "\n\n".join(_section(name, section) for name, section in sorted(kept.items()))


def _section(name: str, section: Mapping[str, Any]) -> str:
    lines = [f"### {name}", "", _where(section), ""]
    lines += ["| what | measure | asked | found | |", "|---|---|---|---|---|"]
    for one in section["rows"]:
        figures = "; ".join(f"{who} {figure}" for who, figure in one["figures"].items())
        mark = "" if one["reached"] else " **not reached**"
        lines.append(f"| {one['what']} | {one['measure']} | {one['asked']} | {one['found']}{mark} | {figures} |")
    notes = [f"- {one['what']}, {one['measure']}: {one['note']}" for one in section["rows"] if one["note"]]
    return "\n".join([*lines, *(["", *notes] if notes else [])])


def _where(section: Mapping[str, Any]) -> str:
    there = section["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in section["versions"].items())
    where = f"{there['processor']}, {there['cores']} cores, {there['system']}, Python {there['python']}"
    return f"`{section['command']}`, {section['date']}; {where}{'; ' if versions else ''}{versions}"


def _in_words(name: str, section: Mapping[str, Any]) -> str:
    lines = [f"\n{name}"]
    for one in section["rows"]:
        figures = ", ".join(f"{who} {figure}" for who, figure in one["figures"].items())
        asked = f", asked {one['asked']}: {'reached' if one['reached'] else 'NOT REACHED'}" if one["asked"] else ""
        lines.append(f"  {one['what']}, {one['measure']}: {one['found']}{asked}\n      {figures}")
    return "\n".join(lines)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
