"""How far a run or a wait is: live on a terminal with the build's output folded, and a line for each step elsewhere."""

from __future__ import annotations

import threading
import time
from collections import deque
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

import click

from chamber.command.output.cells import printable
from chamber.core.progress.steps import WARNING
from chamber.core.spans import span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console, RenderableType
    from rich.text import Text

__all__ = ["Lines", "Live", "Shown", "Steps", "shown"]

#: Lines of a build that are kept for the case that it fails, and that are seen while it goes on.
_KEPT, _SEEN = 200, 4
#: Characters of a bar.
_BAR = 24
_BUILD = "docker"
#: With what a build is told of before its own output begins.
_HEAD = " builds "


class Steps:
    """What was told so far, stage by stage."""

    def __init__(self) -> None:
        #: Stage → its latest message.
        self.latest: dict[str, str] = {}
        #: How much is done of the last of them, from 0 to 1; None where that is not counted.
        self.fraction: float | None = None
        self.warnings: list[str] = []
        #: Stage → when it began, in seconds of a clock that only goes on.
        self.began: dict[str, float] = {}
        self.output: deque[str] = deque(maxlen=_KEPT)
        self.count: int = 0
        self._building = False

    def add(self, stage: str, message: str) -> bool:
        """Take up a message; whether it is one line of a build's output."""
        self.began.setdefault(stage, time.monotonic())
        if message.startswith(WARNING):
            self.warnings.append(message)
        elif stage == _BUILD and self._building:
            self.output.append(printable(message))
            self.count += 1
            return True
        else:
            self._building = stage == _BUILD and _HEAD in message
            self.latest.pop(stage, None)
            self.latest[stage] = printable(message)
            self.fraction = getattr(message, "fraction", None)
        return False

    @property
    def folded(self) -> str:
        """What stands for the build's output."""
        return f"{self.count} lines of output" if self.count else ""

    def unfolded(self) -> str:
        """The end of the build's output."""
        return "".join(f"  {line}\n" for line in self.output)


class Shown(Protocol):
    """Something that shows steps while it is entered."""

    def __call__(self, stage: str, message: str) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Lines:
    """A line for each step on standard error. Of a build that works only how much it said."""

    def __init__(self, *, unfold: bool = False) -> None:
        self._steps = Steps()
        self._unfold = unfold

    def __call__(self, stage: str, message: str) -> None:
        if not self._steps.add(stage, message) or self._unfold:
            click.echo(f"{stage}: {printable(message)}", err=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, Exception) and not self._unfold:
            click.echo(self._steps.unfolded(), err=True, nl=False)


class Live:
    """A line for each stage with a spinner at the last, and below a build the last lines that it said."""

    def __init__(self, console: Console) -> None:
        from rich.live import Live as RichLive
        from rich.spinner import Spinner

        self._steps = Steps()
        self._console = console
        self._spinner = Spinner("dots", style="cyan")
        self._failed = self._over = False
        self._lock = threading.Lock()
        self._live = RichLive(self, console=console, refresh_per_second=8)

    def __call__(self, stage: str, message: str) -> None:
        with self._lock:
            self._steps.add(stage, message)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over, self._failed = True, isinstance(error, Exception)
        self._live.stop()
        if self._failed:
            self._console.print(self._steps.unfolded(), end="", style="dim", markup=False, highlight=False)

    def __rich__(self) -> RenderableType:
        with self._lock:
            return self._rendered()

    def _rendered(self) -> RenderableType:
        from rich.console import Group
        from rich.text import Text

        warned = [Text(f"! {warning}", style="yellow", overflow="fold") for warning in self._steps.warnings]
        stages = [self._stage(stage, message) for stage, message in self._steps.latest.items()]
        seen = [Text(f"    {line}", style="dim", no_wrap=True, overflow="ellipsis") for line in self._seen()]
        return Group(*warned, *stages, *seen)

    def _stage(self, stage: str, message: str) -> RenderableType:
        """One line, which is cut rather than wrapped."""
        from rich.text import Text

        width = max(map(len, self._steps.latest))
        facts = ", ".join(filter(None, self._facts(stage)))
        line = Text(no_wrap=True, overflow="ellipsis")
        line.append_text(self._mark(stage))
        line.append(f" {stage:<{width}} ", style="bold")
        if self._is_last(stage) and not self._over and self._steps.fraction is not None:
            done = round(_BAR * self._steps.fraction)
            line.append("━" * done, style="cyan").append("━" * (_BAR - done), style="dim").append(" ")
        return line.append(message).append(f"  {facts}", style="dim")

    def _mark(self, stage: str) -> Text:
        from rich.text import Text

        if self._is_last(stage) and self._failed:
            return Text("✗", style="bold red")
        if self._over or not self._is_last(stage):
            return Text("✓", style="green")
        return Text(str(self._spinner.render(self._console.get_time())), style="cyan")

    def _facts(self, stage: str) -> Iterator[str]:
        if stage == _BUILD:
            yield self._steps.folded
        if self._is_last(stage) and not self._over:
            seconds = time.monotonic() - self._steps.began[stage]
            yield span(seconds) if seconds >= 1 else ""

    def _is_last(self, stage: str) -> bool:
        return stage == next(reversed(self._steps.latest))

    def _seen(self) -> list[str]:
        is_building = next(reversed(self._steps.latest), None) == _BUILD and not self._over
        return list(self._steps.output)[-_SEEN:] if is_building else []


def shown(*, debug: bool) -> Shown:
    """What shows the steps of a run to whoever looks on."""
    import sys

    if not sys.stderr.isatty() or debug:
        return Lines(unfold=debug)
    from rich.console import Console

    return Live(Console(stderr=True))
