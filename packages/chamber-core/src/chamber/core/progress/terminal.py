"""Shows lines on a terminal with rich: with a bar where something is counted."""

from __future__ import annotations

import threading

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from chamber.core.progress.lines import Lines
from chamber.core.progress.steps import Step

__all__ = ["TerminalDisplay"]

_BAR = 24
#: Held by the display that draws: there is one at a time.
_drawing = threading.Lock()


class TerminalDisplay:
    """On a terminal, with a spinner at the last line. While another one draws there, it is silent."""

    def __init__(self, console: Console) -> None:
        self._lines = Lines()
        self._spinner = Spinner("dots")
        self._draws = self._over = False
        self._live = Live(self, console=console, refresh_per_second=8)

    def __call__(self, stage: str, message: str) -> None:
        """Show `message` in the line of `stage`."""
        self._lines.add(stage, message)
        if not self._draws and not self._over and _drawing.acquire(blocking=False):
            self._draws = True
            self._live.start()

    def close(self) -> None:
        """Leave the lines as they are and give the terminal back."""
        self._over = True
        if self._draws:
            self._draws = False
            self._live.stop()
            _drawing.release()

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


def _span(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}" if minutes else f"{rest} s"
