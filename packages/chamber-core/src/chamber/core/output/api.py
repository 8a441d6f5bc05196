"""Output from the API itself, where it has an endpoint for it, as chamber-local does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from chamber.core.errors import ResponseError
from chamber.core.output.lines import Lines, of_pod, text_of
from chamber.core.output.sources import Pod, Reading
from chamber.core.output.tail import Tail
from chamber.core.paths import path
from chamber.core.transport import Transport
from chamber.core.wire import Answer

__all__ = ["ApiOutput", "offered"]

#: An API without such an endpoint answers so, or its gateway does.
_ABSENT = frozenset({400, 403, 404, 405, 501})
_NEXT, _ENDED, _PODS = "X-Next-Offset", "X-Log-Ended", "X-Log-Pods"
#: Behind the end of every log.
_BEYOND = 1 << 60
#: Seconds between looks, from the first after a line to those of a silent job.
_SOONEST, _LATEST = 0.2, 2.0


class _Page(msgspec.Struct, frozen=True):
    body: bytes
    ended: bool
    pods: int


class ApiOutput:
    """The one log of a workload, in which a place is a number of bytes."""

    def __init__(self, transport: Transport, workload_id: str) -> None:
        self._transport, self._workload_id = transport, workload_id

    async def pods(self) -> Sequence[Pod]:
        """All of them as one."""
        return (Pod(""),)

    async def read(self, _pod: Pod, *, follow: bool, tail: int | None, after: Any) -> Reading:
        """As a `LogSource` does."""
        place, lines, wait = after or 0, Lines(), _SOONEST
        kept = Tail(tail) if tail is not None and after is None else None
        while True:
            page = await self._page(place + len(lines.rest))
            over = not page.body and (page.ended or not follow)
            for raw in (*lines.feed(page.body), *((lines.take(),) if over and lines.rest else ())):
                place += len(raw)
                line = of_pod(text_of(raw), page.pods)
                if kept is not None:
                    kept.add(line)
                else:
                    yield place, line
            if page.body:
                wait = _SOONEST
                continue
            for line in kept or ():
                yield place, line
            if over:
                return
            kept = None
            yield place, None
            await self._transport.pause(wait)
            wait = min(2 * wait, _LATEST)

    async def _page(self, offset: int) -> _Page:
        answer = await _asked(self._transport, self._workload_id, offset)
        ended = answer.headers.get(_ENDED, "").lower() == "true"
        return _Page(answer.body, ended, int(answer.headers.get(_PODS) or 1))


async def offered(transport: Transport, workload_id: str) -> ApiOutput | None:
    """The API's own output of a workload that it has; None: it offers none."""
    try:
        answer = await _asked(transport, workload_id, _BEYOND)
    except ResponseError as error:
        if error.status_code in _ABSENT:
            return None
        raise
    return ApiOutput(transport, workload_id) if _NEXT in answer.headers else None


async def _asked(transport: Transport, workload_id: str, offset: int) -> Answer:
    return await transport.call("GET", path("workloads", workload_id, "logs"), params={"offset": offset})
