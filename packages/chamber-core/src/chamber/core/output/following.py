"""Reads the output of a workload through: waits for its pods, goes on after a cut, and ends with the workload."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from typing import Any

from chamber.core.clock import Clock
from chamber.core.errors import ChamberError
from chamber.core.logs import logger
from chamber.core.models import LogLine
from chamber.core.output.sources import LogSource, Pod
from chamber.core.portal import follow as at_once
from chamber.core.retry import POLL, READ
from chamber.core.transport import Transport
from chamber.core.workloads import ends_waiting

__all__ = ["Followed"]

#: Seconds between looks for pods.
_LOOK = 2.0
#: Lines that are read ahead.
_AHEAD = 1000

_log = logger(__name__)


class Followed:
    """The output of one workload. `is_over` asks whether the workload has ended."""

    def __init__(
        self,
        transport: Transport,
        source: LogSource,
        is_over: Callable[[], Coroutine[Any, Any, bool]],
        *,
        tail: int | None,
        pod: str | None,
    ) -> None:
        self._transport, self._source, self._is_over = transport, source, is_over
        self._tail, self._wanted = tail, pod
        self._lines: asyncio.Queue[LogLine | Exception | None] = asyncio.Queue(_AHEAD)
        self._known: dict[str, asyncio.Task[None]] = {}

    async def lines(self, *, follow: bool) -> AsyncGenerator[LogLine, None]:
        """What there is, pod after pod; or to `follow`, that and what comes, of all pods as it comes, to the end."""
        reading = asyncio.create_task(self._tell(self._find() if follow else self._read_through()))
        try:
            while (line := await self._lines.get()) is not None:
                if isinstance(line, Exception):
                    raise line
                at_once(self._lines.qsize())
                yield line
        finally:
            tasks = [reading, *self._known.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _read_through(self) -> None:
        for pod in await self._found():
            await self._pass_on(pod, follow=False)
        await self._lines.put(None)

    async def _find(self) -> None:
        """Reads each pod from when it is there."""
        patience = _Patience(self._transport.clock, POLL.deadline)
        while True:
            try:
                if await self._started():
                    break
                patience.answered()
            except ChamberError as error:
                patience.failed(error)
            await self._transport.pause(_LOOK)
        await asyncio.gather(*self._known.values())
        await self._lines.put(None)

    async def _started(self) -> bool:
        """Whether no pod is to come."""
        over = await self._is_over()
        new = [pod for pod in await self._found() if pod.name not in self._known]
        for pod in new:
            self._known[pod.name] = asyncio.create_task(self._tell(self._pass_on(pod, follow=True)))
        return any(pod.has_all for pod in new) or over

    async def _found(self) -> list[Pod]:
        return [pod for pod in await self._source.pods() if pod.is_called(self._wanted)]

    async def _pass_on(self, pod: Pod, *, follow: bool) -> None:
        async with aclosing(self._of(pod, follow=follow)) as lines:
            async for line in lines:
                await self._lines.put(line)

    async def _tell(self, work: Coroutine[Any, Any, None]) -> None:
        """Has the one who reads hear of a failure."""
        try:
            await work
        except Exception as error:
            await self._lines.put(error)

    async def _of(self, pod: Pod, *, follow: bool) -> AsyncGenerator[LogLine, None]:
        """The lines of a pod; read again, from the last place, after a cut."""
        patience = _Patience(self._transport.clock, POLL.deadline if follow else READ.deadline)
        place, wait = None, POLL.base
        while True:
            tail = self._tail if place is None else None
            try:
                async with aclosing(self._source.read(pod, follow=follow, tail=tail, after=place)) as read:
                    async for reached, line in read:
                        patience.answered()
                        place, wait = reached, POLL.base
                        if line is not None and (self._wanted in {None, line.pod} or not pod.has_all):
                            yield line
                return
            except ChamberError as error:
                patience.failed(error)
            await self._transport.pause(wait)
            wait = min(2 * wait, POLL.cap)


class _Patience:
    """How long is looked again after looks that failed: so many seconds from the first of them in a row."""

    def __init__(self, clock: Clock, longest: float) -> None:
        self._clock, self._longest = clock, longest
        self._failing_since: float | None = None

    def answered(self) -> None:
        """A look was good."""
        self._failing_since = None

    def failed(self, error: ChamberError) -> None:
        """Raises the error of a look that cannot be made again, or was made in vain for too long."""
        now = self._clock.monotonic()
        self._failing_since = now if self._failing_since is None else self._failing_since
        if ends_waiting(error) or now - self._failing_since > self._longest:
            raise error
        _log.warning("output was cut off", error=str(error))
