"""Tables for eyes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from chamber.command.output.cells import shown
from chamber.command.output.plain import names, plain

if TYPE_CHECKING:
    from chamber.command.output.columns import Columns

__all__ = ["STYLES", "every", "fitting", "one", "sentences", "styled", "table"]

#: Name → a heading that is shorter.
_HEADINGS = {
    "job_class": "class",
    "gpu_type": "type",
    "allocated_hours": "gpu-hours",
    "used_hours": "used",
    "remaining_hours": "left",
    "available": "free",
}
#: Texts that may be cut, and how many characters of them are left at least.
_FLEXIBLE = {"name", "team", "description", "adds", "url", "parent", "reservation"}
_LEAST = 8
#: Columns that are left out before the others, these last.
_SPARED = ("gpu_type", "used", "used_hours", "team", "job_class")
#: Characters between columns.
_GAP = 2

#: A word of the API → how it looks.
STYLES = {
    "PENDING": "yellow",
    "QUEUED": "yellow",
    "STARTING": "cyan",
    "RUNNING": "bold cyan",
    "COMPLETED": "green",
    "FAILED": "bold red",
    "PREEMPTED": "magenta",
    "CANCELLED": "dim",
    "ACTIVE": "green",
    "loaded": "green",
    "broken": "bold red",
}


def one(value: Any, columns: Columns | None = None) -> None:
    """The fields of a value that say something, below each other."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, held in _told(value, columns).items():
        if held not in (None, [], {}, ()):
            grid.add_row(name, styled(held))
    Console().print(grid)


def every(values: Iterable[Any], columns: Columns | None, nothing: str) -> None:
    """A row for each value."""
    rows = list(values)
    if not rows:
        if nothing:
            Console(stderr=True).print(Text(nothing, style="dim"))
        return
    console = Console()
    console.print(table(rows, columns or {name: _field(name) for name in names(rows[0])}, console.width))


def sentences(lines: Iterable[str]) -> None:
    """Each sentence in as many lines as it needs."""
    console = Console()
    for line in lines:
        console.print(Text(line))


def table(rows: Iterable[Any], columns: Columns, room: int) -> Table:
    """A row for each value, in one line, and a column for each fact that is known of any.

    Where `room`, in characters, is too small, texts are cut and columns left out.
    """
    found = [[held(row) for held in columns.values()] for row in rows]
    facts = {name: [line[place] for line in found] for place, name in enumerate(columns)}
    known = {name: values for name, values in facts.items() if any(value not in (None, (), []) for value in values)}
    wanted = {name: _width(name, values) for name, values in known.items()}
    made = Table(box=None, padding=(0, _GAP, 0, 0), header_style="bold", pad_edge=False)
    widths = fitting(wanted, room)
    for name, width in widths.items():
        _add_column(made, name, known[name], width)
    for place in range(len(found)):
        made.add_row(*(styled(known[name][place]) for name in widths))
    return made


def fitting(wanted: Mapping[str, int], room: int) -> dict[str, int]:
    """The widths of the columns that there is room for; the first in any case, and whole."""
    first = next(iter(wanted), None)
    chosen: dict[str, int] = {}
    left = room + _GAP
    for name in sorted(wanted, key=lambda name: (name != first, _spared(name))):
        least = _least(name, wanted[name], room)
        if name == first or least + _GAP <= left:
            chosen[name] = least
            left -= least + _GAP
    widths = {name: chosen[name] for name in wanted if name in chosen}
    for name in sorted(widths, key=lambda name: wanted[name]):
        more = max(min(wanted[name] - widths[name], left), 0)
        widths[name] += more
        left -= more
    return widths


def _spared(name: str) -> int:
    """Its place among the columns that are spared first; 0 for the others."""
    return _SPARED.index(name) + 1 if name in _SPARED else 0


def _least(name: str, width: int, room: int) -> int:
    """Characters that a column takes where it is cut. A name is known by a fifth of the line."""
    if name == "name":
        return min(width, max(_LEAST, room // 5))
    return min(width, _LEAST) if name in _FLEXIBLE else width


def _width(name: str, values: Sequence[Any]) -> int:
    """Characters that a column takes where nothing is cut."""
    return max(len(_heading(name)), *(len(shown(value)) for value in values))


def _heading(name: str) -> str:
    return _HEADINGS.get(name, name.replace("_", " ")).upper()


def _add_column(made: Table, name: str, values: Sequence[Any], width: int) -> None:
    figures = any(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    justify: Literal["right", "left"] = "right" if figures else "left"
    made.add_column(_heading(name), justify=justify, width=width, no_wrap=True, overflow="ellipsis")


def styled(value: Any) -> Text:
    """A value for eyes, in its colour."""
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return Text("\n".join(_line(item) for item in value))
    text = shown(value)
    return Text(text, style=STYLES.get(text, ""))


def _line(item: dict[str, Any]) -> str:
    return ", ".join(shown(held) for held in item.values() if held is not None)


def _told(value: Any, columns: Columns | None) -> dict[str, Any]:
    if columns is not None:
        return {name: held(value) for name, held in columns.items()}
    if hasattr(value, "__struct_fields__"):
        return {name: getattr(value, name) for name in names(value)} | getattr(value, "extra", {})
    return dict(plain(value))


def _field(name: str) -> Callable[[Any], Any]:
    return lambda row: plain(row).get(name)
