"""Tells how far a run is: to the caller's function, and to whoever looks at a terminal or a notebook."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

from chamber.core.portal import in_caller
from chamber.core.redaction import redacted
from chamber.run.steps import WARNING, Step

if TYPE_CHECKING:
    from chamber.run.display import Display

__all__ = ["WARNING", "OnProgress", "Reporter", "Stage"]

Stage = Literal["config", "detect", "dockerfile", "manifest", "docker", "upload", "submit", "wait"]
OnProgress = Callable[[str, str], None]


class Reporter:
    """Passes on each step of a run in the thread of the caller.

    `progress`: whether it is shown where somebody looks on; None: unless there is an `on_progress`.
    """

    def __init__(self, on_progress: OnProgress | None = None, progress: bool | None = None) -> None:
        self._on_progress = on_progress
        is_wanted = progress if progress is not None else on_progress is None
        self._display = _display() if is_wanted else None

    async def __call__(self, stage: Stage, message: str) -> None:
        """Report that `stage` has come to what `message` says."""
        counted = message if isinstance(message, Step) else Step(message)
        step = Step(redacted(message), counted.done, counted.total)
        for listener in (self._display, self._on_progress):
            if listener is not None:
                await in_caller(listener, stage, step)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._display is not None:
            self._display.close()


def _display() -> Display | None:
    """What shows it; in a pipe nothing does, and nothing is imported for it."""
    if not (sys.stderr is not None and sys.stderr.isatty()) and "ipykernel" not in sys.modules:
        return None
    from chamber.run.display import found

    return found()
