"""What a source of output is: who has the lines of one workload."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Any, Protocol, TypeAlias

import msgspec

from chamber.core.models import LogLine

__all__ = ["LogSource", "Pod", "Reading"]

#: A place in the output of a pod and the line before it; no line: the source answered, and there is none yet.
Reading: TypeAlias = AsyncGenerator[tuple[Any, LogLine | None], None]


class Pod(msgspec.Struct, frozen=True):
    """A pod that prints or has printed. One without a name is all pods of the workload: their lines tell which."""

    name: str
    #: Its number among the pods of its workload.
    index: int | None = None

    @property
    def has_all(self) -> bool:
        """Whether it stands for all pods."""
        return not self.name

    def is_called(self, wanted: str | None) -> bool:
        """Whether that is its name or its number; None: any."""
        return self.has_all or wanted in {None, self.name, None if self.index is None else str(self.index)}


class LogSource(Protocol):
    """Where the output of one workload is read. One that is an async context manager is left when it no longer is."""

    async def pods(self) -> Sequence[Pod]:
        """The pods whose output can be read by now; none before the first has started.

        Raises NotFoundError: it has run, and its pods are gone.
        """
        ...

    def read(self, pod: Pod, /, *, follow: bool, tail: int | None, after: Any) -> Reading:
        """The lines of a pod, in their order, each with the place behind it.

        `after`: the place to go on from; None: the beginning, or the last `tail` lines. It ends with the lines that
        there are; with `follow`, when the pod has ended. Raises TransportError: it was cut off before; it is then
        read again from the last place.
        """
        ...
