"""Shows lines below the cell of a notebook. It needs nothing but IPython, which is there."""

from __future__ import annotations

from html import escape
from typing import Any

from chamber.core.progress.lines import Lines
from chamber.core.progress.steps import Step

__all__ = ["NotebookDisplay"]

_STYLE = "border-collapse:collapse;border:0;margin:.3em 0;font-size:90%;color:inherit;background:none"
_CELL = "padding:.1em .7em .1em 0;border:0;text-align:left;vertical-align:top;background:none;color:inherit"


class NotebookDisplay:
    """One table below a cell, which changes."""

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


def _row(stage: str, message: Step, is_warning: bool, is_last: bool, *, over: bool) -> str:
    bar = ""
    if message.fraction is not None and is_last and not over:
        bar = f'<progress value="{message.fraction:.3f}" max="1"></progress> '
    mark = "!" if is_warning else "…" if is_last and not over else "·"
    cells = (escape(mark), f"<b>{escape(stage)}</b>", f"{bar}{escape(message)}")
    return f'<tr style="background:none">{"".join(f"<td style={_quoted(_CELL)}>{cell}</td>" for cell in cells)}</tr>'


def _quoted(text: str) -> str:
    return f'"{text}"'
