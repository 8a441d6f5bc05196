"""Many workloads at once: read and awaited by listing, instead of one request for each."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import AsyncGenerator, Collection, Iterator, Sequence
from datetime import datetime, timedelta

import msgspec

from chamber.core import validation
from chamber.core.clock import Deadline
from chamber.core.errors import ChamberError, WaitTimeout
from chamber.core.models import Workload
from chamber.core.operations import listing, operation
from chamber.core.paths import path
from chamber.core.workloads import WorkloadOperations

__all__ = ["ManyOperations", "WorkloadBatch"]

#: Up to so many ids are read one by one: a page of a listing costs about as much.
_FEW = 4
_PAGE = 100
#: A listing is read further while it may still pay: so many pages for each wanted id.
_PAGES_FOR_EACH = 0.25
_AT_ONCE = 8
#: The clocks of those who submit and of the API may differ by so much.
_SKEW = timedelta(minutes=5)


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
        found = notebook.table(f"Workload: {len(self)}", list(self))
        return found + notebook.table(f"Could not be read: {len(failed)}", failed) if failed else found


class ManyOperations(WorkloadOperations):
    """Reading, awaiting and watching workloads."""

    @operation
    async def get_workloads(self, workload_ids: Sequence[str]) -> WorkloadBatch:
        """The workloads with these ids, in their order; what could not be read is in `failed`, by id."""
        return await self._read(dict.fromkeys(workload_ids), {})

    @operation
    async def wait_for_all(
        self, workload_ids: Sequence[str], poll_interval: float = 10.0, timeout: float | None = None
    ) -> WorkloadBatch:
        """The workloads with these ids, once each of them has ended or cannot be read.

        `poll_interval`: seconds between looks. `timeout`: seconds to wait at most; 0 looks once.
        Raises WaitTimeout: some had not ended in time; its `workload` is the first of them.
        """
        validation.number("poll_interval", poll_interval, 0, whole=False)
        validation.number("timeout", timeout, 0, whole=False)
        ids = dict.fromkeys(workload_ids)
        known: dict[str, Workload] = {}
        failed: dict[str, ChamberError] = {}
        deadline = Deadline(self._transport.clock, timeout)
        while True:
            batch = await self._read([i for i in ids if i not in failed and not _ended(known.get(i))], known)
            known |= batch.found
            failed |= batch.failed
            running = [known[i] for i in ids if i in known and not known[i].is_terminal]
            if not running:
                return _batch(ids, known, failed)
            if deadline.remaining <= 0:
                raise _not_in_time(running, timeout)
            await self._transport.clock.sleep(min(poll_interval, deadline.remaining))

    @listing
    async def watch_workload(
        self, workload_id: str, poll_interval: float = 5.0, timeout: float | None = None
    ) -> AsyncGenerator[Workload, None]:
        """The workload as it is, and again with each change of its status, until it has ended.

        `poll_interval`: seconds between looks. `timeout`: seconds to watch at most.
        Raises WaitTimeout: it had not ended in time.
        """
        validation.number("poll_interval", poll_interval, 0, whole=False)
        validation.number("timeout", timeout, 0, whole=False)
        deadline = Deadline(self._transport.clock, timeout)
        seen: Workload | None = None
        while True:
            workload = await self.get_workload(workload_id)
            if seen is None or workload.status != seen.status:
                yield workload
            if workload.is_terminal:
                return
            if deadline.remaining <= 0:
                raise _not_in_time([workload], timeout)
            seen = workload
            await self._transport.clock.sleep(min(poll_interval, deadline.remaining))

    async def _read(self, ids: Collection[str], known: dict[str, Workload]) -> WorkloadBatch:
        found = await self._listed(ids, known) if len(ids) > _FEW else {}
        found, failed = await self._one_by_one([i for i in ids if i not in found], found)
        return _batch(ids, found, failed)

    async def _listed(self, ids: Collection[str], known: dict[str, Workload]) -> dict[str, Workload]:
        """Those of the ids that a few pages of the listing show, newest first."""
        for workload_id in ids:
            path(workload_id)
        wanted, found = set(ids), dict[str, Workload]()
        pages = math.ceil(len(wanted) * _PAGES_FOR_EACH)
        seen = 0
        async with contextlib.aclosing(
            self.iter_workloads(submitted_after=_since(ids, known), page_size=_PAGE)
        ) as workloads:
            async for workload in workloads:
                seen += 1
                if workload.id in wanted:
                    found[workload.id] = workload
                if len(found) == len(wanted) or seen >= pages * _PAGE:
                    break
        return found

    async def _one_by_one(
        self, ids: Sequence[str], found: dict[str, Workload]
    ) -> tuple[dict[str, Workload], dict[str, ChamberError]]:
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(workload_id: str) -> Workload | ChamberError:
            async with gate:
                try:
                    return await self.get_workload(workload_id)
                except ChamberError as error:
                    return error

        answers = dict(zip(ids, await asyncio.gather(*(one(i) for i in ids)), strict=True))
        read = {i: answer for i, answer in answers.items() if isinstance(answer, Workload)}
        return found | read, {i: answer for i, answer in answers.items() if isinstance(answer, ChamberError)}


def _batch(ids: Collection[str], found: dict[str, Workload], failed: dict[str, ChamberError]) -> WorkloadBatch:
    return WorkloadBatch(
        {i: found[i] for i in ids if i in found}, {i: failed[i] for i in ids if i in failed and i not in found}
    )


def _ended(workload: Workload | None) -> bool:
    return workload is not None and workload.is_terminal


def _since(ids: Collection[str], known: dict[str, Workload]) -> datetime | None:
    """When the oldest of the workloads was submitted, if that is known of all of them."""
    times = [known[i].submitted_at for i in ids if i in known]
    dated = [time for time in times if time is not None]
    return min(dated) - _SKEW if dated and len(dated) == len(ids) else None


def _not_in_time(running: Sequence[Workload], timeout: float | None) -> WaitTimeout:
    first = running[0]
    others = f" and {len(running) - 1} more have" if len(running) > 1 else " has"
    error = WaitTimeout(
        f"Workload {first.name} ({first.id}, {first.status}){others} not ended after {timeout:g} s. "
        "What runs goes on running: wait again, or cancel it"
    )
    error.workload = first
    return error
