"""What was looked at and what was found: values, and how they are shown."""

from __future__ import annotations

from io import StringIO
from typing import Literal

from msgspec import Struct
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

__all__ = ["Check", "Diagnosis", "State"]

State = Literal["ok", "warning", "failed"]

_MARKS: dict[State, tuple[str, str]] = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "failed": ("✗", "red")}
_WIDTH = 120


class Check(Struct, frozen=True):
    """One thing that a run needs."""

    #: settings, api, clock, engine, registry or disk.
    name: str
    state: State
    found: str
    #: What to do about it; None when nothing is wrong.
    remedy: str | None = None


class Diagnosis(Struct, frozen=True):
    """All that was looked at. True when a run can work."""

    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing failed; warnings may be there."""
        return all(check.state != "failed" for check in self.checks)

    def __bool__(self) -> bool:
        return self.ok

    def __getitem__(self, name: str) -> Check:
        for check in self.checks:
            if check.name == name:
                return check
        raise KeyError(name)

    def __rich__(self) -> RenderableType:
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column()
        table.add_column(style="bold", no_wrap=True)
        table.add_column(overflow="fold")
        for check in self.checks:
            mark, style = _MARKS[check.state]
            remedy = f"\n→ {check.remedy}" if check.remedy else ""
            table.add_row(Text(mark, style=style), Text(check.name), Text(check.found + remedy))
        return table

    def __str__(self) -> str:
        console = Console(file=StringIO(), width=_WIDTH, color_system=None)
        with console.capture() as captured:
            console.print(self)
        return "\n".join(line.rstrip() for line in captured.get().splitlines())

    def _repr_html_(self) -> str:
        from chamber.core import notebook

        rows = [
            {"": _MARKS[check.state][0], "check": check.name, "found": check.found, "what to do": check.remedy}
            for check in self.checks
        ]
        return notebook.table("A run can work" if self else "A run cannot work", rows)
