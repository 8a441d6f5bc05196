"""Many workloads at once: read and awaited by listing, instead of one request for each."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Collection, Iterator, Sequence
from datetime import datetime, timedelta

import msgspec

from chamber.core import validation
from chamber.core.clock import Contact, Deadline
from chamber.core.errors import ChamberError, ResponseError, TransportError, WaitTimeout
from chamber.core.logs import logger
from chamber.core.models import Workload
from chamber.core.operations import listing, operation
from chamber.core.progress import OnProgress
from chamber.core.retry import POLL
from chamber.core.workloads import WorkloadOperations, ends_waiting, look_within

__all__ = ["ManyOperations", "WorkloadBatch"]

_PAGE = 100
#: A listing is read further while it may still pay: so many pages for each wanted id.
_PAGES_FOR_EACH = 0.25
_AT_ONCE = 8
#: The clocks of those who submit and of the API may differ by so much.
_SKEW = timedelta(minutes=5)

_log = logger(__name__)


class WorkloadBatch(msgspec.Struct, frozen=True):
    """The workloads of several ids, in the order in which these were given. Iterating goes over the workloads."""

    #: Id → workload.
    found: dict[str, Workload]
    #: Id → why it could not be read.
    failed: dict[str, ChamberError]

    def __iter__(self) -> Iterator[Workload]:
        return iter(self.found.values())

    def __len__(self) -> int:
        return len(self.found)

    def __getitem__(self, workload_id: str) -> Workload:
        if workload_id in self.failed:
            raise self.failed[workload_id]
        return self.found[workload_id]

    def raise_for_failures(self) -> WorkloadBatch:
        """This batch, unless an id could not be read. Raises the first such error."""
        for error in self.failed.values():
            raise error
        return self

    def _repr_html_(self) -> str:
        from chamber.core import notebook

        failed = [{"id": key, "error": type(error).__name__, "why": str(error)} for key, error in self.failed.items()]
        found = notebook.listed(list(self))
        return found + notebook.table(f"{len(failed)} could not be read", failed) if failed else found


class ManyOperations(WorkloadOperations):
    """Reading, awaiting and watching workloads."""

    @operation
    async def get_workloads(self, workload_ids: Sequence[str]) -> WorkloadBatch:
        """The workloads with these ids, in their order; what could not be read is in `failed`, by id."""
        with self._transport.within():
            return await self._read(_ids(workload_ids), {})

    @operation
    async def wait_for_all(
        self,
        workload_ids: Sequence[str],
        poll_interval: float = 10.0,
        timeout: float | None = None,
        *,
        on_progress: OnProgress | None = None,
        progress: bool | None = None,
    ) -> WorkloadBatch:
        """The workloads with these ids, once each of them has ended or cannot be read.

        `poll_interval`: seconds between looks. `timeout`: seconds to wait at most; 0 looks once. Only a refusal of
        the API (4xx) is final; after any other failure it is asked again, for up to 15 minutes without one answer.
        `on_progress` is called with "wait" and a `Step` for each new status of each workload: a text with `done`,
        how many have ended, `total` and `workload`. `progress` shows the same on a terminal and in notebooks, by
        default where there is no `on_progress`.

        Raises WaitTimeout: some had not ended in time; its `workload` is the first of them.
        """
        from chamber.core.progress.waits import Wait

        validation.number("poll_interval", poll_interval, 0, whole=False)
        validation.number("timeout", timeout, 0, whole=False)
        ids = _ids(workload_ids)
        known: dict[str, Workload] = {}
        refused: dict[str, ChamberError] = {}
        deadline = Deadline(self._transport.clock, timeout)
        contact = Contact(self._transport.clock, POLL.deadline)
        waiting = ids
        async with Wait(ids, _ended, on_progress, progress) as wait:
            while True:
                with self._transport.within(look_within(deadline, first=not known)):
                    batch = await self._read(waiting, known)
                known |= batch.found
                refused |= {i: error for i, error in batch.failed.items() if ends_waiting(error)}
                await wait.seen(batch.found, refused)
                waiting = [i for i in ids if i not in refused and not _ended(known.get(i))]
                if not waiting:
                    return _batch(ids, known, refused)
                _keep(contact, batch)
                if deadline.remaining <= 0:
                    raise _not_in_time(waiting, known, timeout) from next(iter(batch.failed.values()), None)
                await self._transport.pause(min(poll_interval, deadline.remaining))

    @listing
    async def watch_workload(
        self, workload_id: str, poll_interval: float = 5.0, timeout: float | None = None
    ) -> AsyncGenerator[Workload, None]:
        """The workload as it is, and again with each change of its status, until it has ended.

        `poll_interval`: seconds between looks. `timeout`: seconds to watch at most. A look that fails without
        a refusal of the API (4xx) is made again. Raises WaitTimeout: it had not ended in time.
        """
        validation.number("poll_interval", poll_interval, 0, whole=False)
        validation.number("timeout", timeout, 0, whole=False)
        deadline = Deadline(self._transport.clock, timeout)
        contact = Contact(self._transport.clock, POLL.deadline)
        seen: Workload | None = None
        while True:
            workload = await self._look(workload_id, seen, deadline, contact)
            if workload and (seen is None or workload.status != seen.status):
                yield workload
            if workload and workload.is_terminal:
                return
            if workload and deadline.remaining <= 0:
                raise _not_in_time([workload_id], {workload_id: workload}, timeout)
            seen = workload
            await self._transport.pause(min(poll_interval, deadline.remaining))

    async def _read(self, ids: Collection[str], known: dict[str, Workload]) -> WorkloadBatch:
        found: dict[str, Workload] = {}
        if len(ids) > 1:
            try:
                await self._find_listed(ids, known, found)
            except ChamberError as error:
                if not isinstance(error, ResponseError | TransportError):
                    raise
                _log.warning("workloads could not be listed", error=str(error))
                if not ends_waiting(error):
                    return _batch(ids, found, {i: error for i in ids if i not in found})
        return await self._one_by_one(ids, found)

    async def _find_listed(self, ids: Collection[str], known: dict[str, Workload], found: dict[str, Workload]) -> None:
        """Put into `found` those of the ids that a few pages of the listing show, newest first."""
        since, token, wanted = _since(ids, known), None, set(ids)
        for _ in range(math.ceil(len(ids) * _PAGES_FOR_EACH)):
            page = await self.list_workloads(submitted_after=since, sort_order="desc", limit=_PAGE, next_token=token)
            found |= {workload.id: workload for workload in page if workload.id in wanted}
            token = page.next_token
            if token is None or len(found) == len(wanted):
                return

    async def _one_by_one(self, ids: Collection[str], found: dict[str, Workload]) -> WorkloadBatch:
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(workload_id: str) -> Workload | ChamberError:
            async with gate:
                try:
                    return await self.get_workload(workload_id)
                except (ResponseError, TransportError) as error:
                    return error

        rest = [i for i in ids if i not in found]
        answers = dict(zip(rest, await asyncio.gather(*(one(i) for i in rest)), strict=True))
        read = {i: answer for i, answer in answers.items() if isinstance(answer, Workload)}
        return _batch(ids, found | read, {i: e for i, e in answers.items() if isinstance(e, ChamberError)})


def _ids(given: Sequence[str]) -> list[str]:
    """Each id once, in the order in which they were given; a single text is one id."""
    return list(dict.fromkeys([given] if isinstance(given, str) else given))


def _keep(contact: Contact, batch: WorkloadBatch) -> None:
    """Raises the failure of a look when there was no good one for too long."""
    if batch.found:
        contact.made()
    elif contact.is_lost:
        batch.raise_for_failures()


def _batch(ids: Collection[str], found: dict[str, Workload], failed: dict[str, ChamberError]) -> WorkloadBatch:
    return WorkloadBatch(
        {i: found[i] for i in ids if i in found and i not in failed}, {i: failed[i] for i in ids if i in failed}
    )


def _ended(workload: Workload | None) -> bool:
    return workload is not None and workload.is_terminal


def _since(ids: Collection[str], known: dict[str, Workload]) -> datetime | None:
    """When the oldest of the workloads was submitted, if that is known of all of them."""
    times = [known[i].submitted_at for i in ids if i in known]
    dated = [time for time in times if time is not None]
    return min(dated) - _SKEW if dated and len(dated) == len(ids) else None


def _not_in_time(waiting: Sequence[str], known: dict[str, Workload], timeout: float | None) -> WaitTimeout:
    first = known.get(waiting[0])
    shown = f"{first.name} ({first.id}, {first.status})" if first else f"{waiting[0]}, which could not be read,"
    others = f" and {len(waiting) - 1} more have" if len(waiting) > 1 else " has"
    error = WaitTimeout(
        f"Workload {shown}{others} not ended after {timeout:g} s. What runs goes on running: wait again, or cancel it"
    )
    error.workload = first
    return error
