"""Tables for eyes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from chamber.command.output.cells import shown
from chamber.command.output.plain import names, plain

if TYPE_CHECKING:
    from chamber.command.output.columns import Columns

__all__ = ["STYLES", "every", "one", "styled", "table"]

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
        Console(stderr=True).print(Text(nothing, style="dim"))
        return
    Console().print(table(rows, columns or {name: _field(name) for name in names(rows[0])}))


def table(rows: Iterable[Any], columns: Columns) -> Table:
    """A row for each value and a column for each fact, less those that nothing stands in."""
    cells = [[held(row) for held in columns.values()] for row in rows]
    made = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", pad_edge=False)
    kept = [place for place in range(len(columns)) if any(line[place] not in (None, (), []) for line in cells)]
    headings = list(columns)
    for place in kept:
        figures = any(isinstance(line[place], int | float) and not isinstance(line[place], bool) for line in cells)
        made.add_column(
            headings[place].replace("_", " ").upper(),
            justify="right" if figures else "left",
            no_wrap=place == 0,
            overflow="fold",
        )
    for line in cells:
        made.add_row(*(styled(line[place]) for place in kept))
    return made


def styled(value: Any) -> Text:
    """A value for eyes, in its colour."""
    text = shown(value)
    return Text(text, style=STYLES.get(text, ""))


def _told(value: Any, columns: Columns | None) -> dict[str, Any]:
    if columns is not None:
        return {name: held(value) for name, held in columns.items()}
    if hasattr(value, "__struct_fields__"):
        return {name: getattr(value, name) for name in names(value)} | getattr(value, "extra", {})
    return dict(plain(value))


def _field(name: str) -> Callable[[Any], Any]:
    return lambda row: plain(row).get(name)
