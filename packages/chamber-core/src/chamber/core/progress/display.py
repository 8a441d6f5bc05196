"""Finds what can show how far long work is: a notebook, a terminal, or nothing, in a pipe."""

from __future__ import annotations

import sys
from typing import Any, Protocol

from chamber.core.progress.steps import Step

__all__ = ["Display", "found"]


class Display(Protocol):
    """Something that shows steps until it is closed."""

    def __call__(self, stage: str, message: Step) -> None: ...
    def close(self) -> None:
        """Leave the lines as they are."""


def found() -> Display | None:
    """The display for where this runs; None where nobody looks on. A terminal needs rich."""
    if (show := _cell()) is not None:
        from chamber.core.progress.notebook import NotebookDisplay

        return NotebookDisplay(show)
    return _on_terminal() if _is_looked_at() else None


def _on_terminal() -> Display | None:
    try:
        from rich.console import Console
    except ImportError:
        return None
    from chamber.core.progress.terminal import TerminalDisplay

    console = Console(stderr=True)
    return None if console.is_dumb_terminal else TerminalDisplay(console)


def _is_looked_at() -> bool:
    try:
        return sys.stderr is not None and sys.stderr.isatty()
    except ValueError:  # it was closed
        return False


def _cell() -> Any:
    """IPython's function that shows something below the cell, where a kernel runs."""
    python = sys.modules.get("IPython")
    shell = python.get_ipython() if python is not None else None
    return python.display.display if python is not None and getattr(shell, "kernel", None) is not None else None
