"""Tells how far a run is: to the caller's function, and on a terminal.

rich comes with the first display: a run that shows nothing does not wait for its import.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

from chamber.core.portal import in_caller
from chamber.core.redaction import redacted

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

__all__ = ["WARNING", "Display", "OnProgress", "Reporter", "Stage"]

#: How the message about something surprising begins.
WARNING = "warning: "

Stage = Literal["config", "detect", "dockerfile", "manifest", "docker", "upload", "submit", "wait"]
OnProgress = Callable[[str, str], None]


class Reporter:
    """Passes on each step of a run in the thread of the caller."""

    def __init__(self, on_progress: OnProgress | None = None, progress: bool | None = None) -> None:
        self._on_progress = on_progress
        self._display = _on_terminal() if progress else None

    async def __call__(self, stage: Stage, message: str) -> None:
        """Report that `stage` has come to what `message` says."""
        message = redacted(message)
        for listener in (self._display, self._on_progress):
            if listener is not None:
                await in_caller(listener, stage, message)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._display is not None:
            self._display.close()


class Display:
    """A line for each stage, with a spinner at the last."""

    def __init__(self, console: Console) -> None:
        from rich.live import Live

        self._messages: dict[tuple[str, str], str] = {}
        self._live = Live(console=console, refresh_per_second=8)

    def __call__(self, stage: str, message: str) -> None:
        """Show `message` in the line of `stage`; a warning has a line of its own, which stays."""
        line = (stage, message if message.startswith(WARNING) else "")
        self._messages.pop(line, None)
        self._messages[line] = message
        self._live.start()
        self._live.update(self._table(done=False))

    def close(self) -> None:
        """Leave the lines as they are and give the terminal back."""
        self._live.update(self._table(done=True))
        self._live.stop()

    def _table(self, done: bool) -> Table:
        from rich.spinner import Spinner
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 1))
        last = next(reversed(self._messages), None)
        for line, message in self._messages.items():
            stage, warning = line
            mark = Text("!", style="yellow") if warning else Spinner("dots") if line == last and not done else Text("·")
            table.add_row(mark, Text(stage, style="bold"), Text(message))
        return table


def _on_terminal() -> Display | None:
    """The display, where standard error is a terminal."""
    from rich.console import Console

    console = Console(stderr=True)
    return Display(console) if console.is_terminal else None
