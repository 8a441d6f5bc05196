"""Shows how far a run is: a line for each stage, with a bar where something is counted."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from html import escape
from typing import Any, Protocol

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from chamber.run.steps import WARNING, Step

__all__ = ["Display", "Lines", "NotebookDisplay", "TerminalDisplay", "found"]

_BAR = 24
_STYLE = "border-collapse:collapse;border:0;margin:.3em 0;font-size:90%;color:inherit;background:none"
_CELL = "padding:.1em .7em .1em 0;border:0;text-align:left;vertical-align:top;background:none;color:inherit"


class Display(Protocol):
    """Something that shows steps until it is closed."""

    def __call__(self, stage: str, message: str) -> None: ...
    def close(self) -> None:
        """Leave the lines as they are."""


class Lines:
    """The latest message of each stage, and every warning."""

    def __init__(self) -> None:
        self._messages: dict[tuple[str, str], Step] = {}
        self._began: dict[str, float] = {}

    def add(self, stage: str, message: str) -> None:
        """A warning has a line of its own, which stays; any other message takes the place of its stage's last one."""
        line = (stage, message if message.startswith(WARNING) else "")
        self._began.setdefault(stage, time.monotonic())
        self._messages.pop(line, None)
        self._messages[line] = message if isinstance(message, Step) else Step(message)

    def __iter__(self) -> Iterator[tuple[str, Step, bool, bool]]:
        """Stage, message, whether it is a warning, and whether it is the last line."""
        last = next(reversed(self._messages), None)
        for line, message in self._messages.items():
            yield line[0], message, bool(line[1]), line == last

    def elapsed(self, stage: str) -> float:
        """Seconds since the first message of a stage."""
        return time.monotonic() - self._began[stage]


class TerminalDisplay:
    """On a terminal, with a spinner at the last line."""

    def __init__(self, console: Console) -> None:
        self._lines = Lines()
        self._spinner = Spinner("dots")
        self._over = False
        self._live = Live(self, console=console, refresh_per_second=8)

    def __call__(self, stage: str, message: str) -> None:
        """Show `message` in the line of `stage`."""
        self._lines.add(stage, message)
        self._live.start()

    def close(self) -> None:
        """Leave the lines as they are and give the terminal back."""
        self._over = True
        self._live.stop()

    def __rich__(self) -> Table:
        table = Table.grid(padding=(0, 1))
        for stage, message, is_warning, is_last in list(self._lines):
            goes_on = is_last and not self._over
            mark = Text("!", style="yellow") if is_warning else self._spinner if goes_on else Text("·")
            table.add_row(mark, Text(stage, style="bold"), self._told(stage, message, goes_on))
        return table

    def _told(self, stage: str, message: Step, goes_on: bool) -> Table | Text:
        seconds = self._lines.elapsed(stage)
        told = Text.assemble(message, (f"  {_span(seconds)}", "dim")) if goes_on and seconds >= 1 else Text(message)
        if message.fraction is None or not goes_on:
            return told
        with_bar = Table.grid(padding=(0, 1))
        with_bar.add_row(ProgressBar(total=1.0, completed=message.fraction, width=_BAR), told)
        return with_bar


class NotebookDisplay:
    """Below a cell of a notebook. It needs nothing but IPython, which is there."""

    def __init__(self, show: Any) -> None:
        self._lines = Lines()
        self._show = show
        self._handle: Any = None

    def __call__(self, stage: str, message: str) -> None:
        """Show `message` in the line of `stage`."""
        self._lines.add(stage, message)
        self._update(over=False)

    def close(self) -> None:
        """Leave the lines as they are."""
        if self._handle is not None:
            self._update(over=True)

    def _update(self, *, over: bool) -> None:
        data = {"text/html": self.html(over=over), "text/plain": self._text()}
        if self._handle is None:
            self._handle = self._show(data, raw=True, display_id=True)
        else:
            self._handle.update(data, raw=True)

    def html(self, *, over: bool) -> str:
        """The lines as a table without colours of its own; texts are escaped."""
        rows = (_row(*line, over=over) for line in self._lines)
        return f'<table style="{_STYLE}"><tbody>{"".join(rows)}</tbody></table>'

    def _text(self) -> str:
        return "\n".join(f"{stage}: {message}" for stage, message, _, _ in self._lines)


def found() -> Display | None:
    """The display for where this runs: a notebook, a terminal, or None."""
    if (show := _notebook()) is not None:
        return NotebookDisplay(show)
    console = Console(stderr=True)
    is_looked_at = sys.stderr is not None and sys.stderr.isatty() and not console.is_dumb_terminal
    return TerminalDisplay(console) if is_looked_at else None


def _notebook() -> Any:
    """IPython's function that shows something below the cell, where a kernel runs."""
    python = sys.modules.get("IPython")
    shell = python.get_ipython() if python is not None else None
    return python.display.display if python is not None and getattr(shell, "kernel", None) is not None else None


def _row(stage: str, message: Step, is_warning: bool, is_last: bool, *, over: bool) -> str:
    bar = ""
    if message.fraction is not None and is_last and not over:
        bar = f'<progress value="{message.fraction:.3f}" max="1"></progress> '
    mark = "!" if is_warning else "…" if is_last and not over else "·"
    cells = (escape(mark), f"<b>{escape(stage)}</b>", f"{bar}{escape(message)}")
    return f'<tr style="background:none">{"".join(f"<td style={_quoted(_CELL)}>{cell}</td>" for cell in cells)}</tr>'


def _quoted(text: str) -> str:
    return f'"{text}"'


def _span(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}" if minutes else f"{rest} s"
