"""Tells how far long work is: the caller's function, and whoever looks at a terminal or a notebook."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from chamber.core.portal import in_caller
from chamber.core.progress import display
from chamber.core.progress.steps import OnProgress, Stage, Step
from chamber.core.redaction import redacted

__all__ = ["Reporter"]


class Reporter:
    """Passes on each step in the thread of the caller.

    `progress`: whether it is shown where somebody looks on; None: unless there is an `on_progress`.
    """

    def __init__(self, on_progress: OnProgress | None = None, progress: bool | None = None) -> None:
        self._on_progress = on_progress
        is_wanted = progress if progress is not None else on_progress is None
        self._display = display.found() if is_wanted else None

    @property
    def is_heard(self) -> bool:
        """Whether anybody listens or looks on."""
        return self._display is not None or self._on_progress is not None

    async def __call__(self, stage: Stage, message: str) -> None:
        """Report that `stage` has come to what `message` says."""
        told = message if isinstance(message, Step) else Step(message)
        step = Step(redacted(message), told.done, told.total, told.workload)
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
