"""One storm: fifty submissions, from one or many callers, while a third of the answers is faulty.

The server is a real one on loopback that ignores Idempotency-Key, the worst case that the client must be safe in; its
own table is the oracle. Only the client's waits are virtual: each caller has a clock that moves when it waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import random
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from chamber.core import AsyncChamberClient, ChamberClient, ChamberError, SubmissionUnknownError, Workload
from chamber.core.clock import Clock
from chamber.core.journal import Journal
from chamber.core.portal import call
from chamber.core.progress.reporting import Reporter
from chamber.core.testing import waiting_by
from chamber.core.transport import Transport
from chamber.core.transport.exchange import Request
from chamber.core.wire import Answer
from chamber.local import LocalChamber
from chamber.run import DryRunResult
from chamber.run.submitting import submit
from reliability.chaos.clock import CallersClock, arrive
from reliability.chaos.kinds import KINDS, SLOW
from reliability.chaos.leaks import held, left_since
from reliability.chaos.outcome import Outcome

__all__ = ["Storm", "blow", "own_home", "served"]

Client = TypeVar("Client", AsyncChamberClient, ChamberClient)

#: Seconds that a whole submission is given: as long as it is by default, and less.
_TIMEOUTS = (None, 90.0, 30.0, 10.0)
_BY_DEFAULT = 180.0
_LATE = 0.25
#: Seconds of real time for one exchange: the virtual clock stands still meanwhile.
_EXCHANGE = 60.0
#: One submission in so many is a run's, once its image is in the registry.
_PLANNED = 5
#: One storm in so many has a whole run in it.
_RUNS = 10


class Storm(msgspec.Struct, frozen=True):
    """What makes a storm. All else follows from the seed."""

    seed: int
    submissions: int = 50
    #: The share of answers that faults are drawn for; as some do not fit what they are drawn for, 30 % are faulty.
    rate: float = 0.33
    #: Seconds of real time for each submission, by `submit_job` in the legacy dialect; None: in virtual time.
    limit: float | None = None

    @property
    def callers(self) -> int:
        """How many submit at once."""
        return random.Random(f"{self.seed} callers").choice((1, 2, 4, 8, 16, 32))

    @property
    def is_async(self) -> bool:
        """Whether the callers are tasks of one loop, and not threads."""
        return self.seed % 2 == 0

    @property
    def replay(self) -> str:
        """The command that lets it blow again."""
        return f"hatch run chaos --seed {self.seed} --submissions {self.submissions} --rate {self.rate}"


def blow(storm: Storm) -> Outcome:
    """Let a storm blow, and count what it left behind."""
    call(_started())
    plan, outcome = _plan(), Outcome(storm.submissions)
    with own_home() as folder:
        before = held()
        with served(storm, folder / "chamber") as chamber:
            _Callers(chamber, storm, plan, _project(folder / "project"), outcome).submit()
            outcome.table = [(row.id, row.external_id) for row in chamber.workloads()]
            outcome.faults = len(chamber.faults.log)
            outcome.pending = [intent.external_id for intent in Journal().pending()]
            outcome.unresolved = _unresolved(chamber, outcome)
        outcome.left = left_since(before)
    return outcome


def _unresolved(chamber: LocalChamber, outcome: Outcome) -> list[str]:
    """What was reported, and is not told as it is when the API is asked again."""
    present = {external_id for _, external_id in outcome.table}
    with chamber.client() as client:
        return [each for each in outcome.reported if (client.resolve_submission(each) is None) == (each in present)]


def served(storm: Storm, folder: Path) -> LocalChamber:
    """The server of a storm, with its faults, before it is started."""
    dialect = "documented" if storm.limit is None else "legacy"
    chamber = LocalChamber(dialect, executor="simulated", data_dir=folder, idempotency=False)
    kinds = KINDS if storm.limit is None else KINDS + SLOW
    chamber.faults.seed(storm.seed, rate=storm.rate, kinds=kinds, most_in_a_row=3)
    return chamber


class _Callers:
    """Those who submit."""

    def __init__(
        self, chamber: LocalChamber, storm: Storm, plan: DryRunResult, project: Path, outcome: Outcome
    ) -> None:
        self._chamber, self._storm, self._outcome = chamber, storm, outcome
        self._plan, self._project = plan, project
        self._numbers = iter(range(storm.submissions))
        self._clock = CallersClock(chamber.clock.now()) if storm.limit is None else Clock()

    def submit(self) -> None:
        """All submissions, from all callers."""
        if self._storm.is_async:
            asyncio.run(self._as_tasks())
        else:
            self._as_threads()
        self._chamber.faults.clear()

    async def _as_tasks(self) -> None:
        async with self._counted(self._chamber.async_client()) as client:
            await asyncio.gather(*(self._task(client) for _ in range(self._storm.callers)))
        if others := asyncio.all_tasks() - {asyncio.current_task()}:
            self._outcome.left.append(f"{len(others)} tasks")

    def _as_threads(self) -> None:
        callers = self._storm.callers
        with self._counted(self._chamber.client()) as client, ThreadPoolExecutor(callers) as threads:
            for ended in [threads.submit(self._thread, client) for _ in range(callers)]:
                ended.result()

    async def _task(self, client: AsyncChamberClient) -> None:
        arrive()
        for number in self._numbers:
            with self._told(number):
                self._acknowledged(await self._submitted(client, number))

    def _thread(self, client: ChamberClient) -> None:
        arrive()
        for number in self._numbers:
            with self._told(number):
                self._acknowledged(self._submitted(client, number))

    def _submitted(self, client: AsyncChamberClient | ChamberClient, number: int) -> Any:
        """A workload, from a blocking client; from an async one what is to be awaited for it."""
        if self._is_run(number):
            return client.run(self._project, team=self._chamber.team, name="whole")
        if number % _PLANNED or self._storm.limit:
            return client.submit_job(**self._fields(number))
        if isinstance(client, AsyncChamberClient):
            return self._planned(client._transport)
        return call(self._planned(client._async._transport))

    def _is_run(self, number: int) -> bool:
        return number == _PLANNED and self._storm.seed % _RUNS < 2 and not self._storm.limit

    async def _planned(self, transport: Transport) -> Workload:
        """As `run` submits, once the image is where it belongs; all of them run the same plan."""
        return await submit(transport, self._plan, self._plan.digest, Reporter())

    def _fields(self, number: int) -> dict[str, Any]:
        name = f"{self._storm.seed}-{number}"
        fields = {"name": name, "initiative_id": self._chamber.team, "gpu_type": "H100", "requested_gpus": 1}
        own = {"external_id": f"own-{name}"} if number % 3 == 0 else {}
        return {**fields, **own, "timeout": self._timeout(number)}

    def _timeout(self, number: int) -> float | None:
        return self._storm.limit or (_TIMEOUTS[number % len(_TIMEOUTS)] if number % _PLANNED else None)

    def _acknowledged(self, workload: Workload) -> None:
        self._outcome.acknowledged.append((workload.external_id, workload.id))

    @contextlib.contextmanager
    def _told(self, number: int) -> Iterator[None]:
        """What a caller is told in place of a workload, and when."""
        began = self._clock.monotonic()
        try:
            yield
        except SubmissionUnknownError as error:
            self._outcome.unknown.append(str(error.external_id))
        except ChamberError as error:
            self._outcome.refused.append(type(error).__name__)
        except Exception as error:
            self._outcome.foreign.append(f"{number}: {error!r}")
        given = math.inf if self._is_run(number) else self._timeout(number) or _BY_DEFAULT
        if (took := self._clock.monotonic() - began) > given + _LATE:
            self._outcome.late.append(f"{number}: {took:.3f} s of {given:g}")

    def _counted(self, client: Client) -> Client:
        """The client, which waits by the callers' clock, and whose requests are counted."""
        transport = getattr(client, "_async", client)._transport
        transport._chance = random.Random(self._storm.seed).random
        send = transport._send

        async def counted(request: Request, timeout: float) -> Answer:
            self._outcome.requests += 1
            self._outcome.posts += request.method == "POST" and request.url.endswith("/workloads")
            return await send(request, timeout if self._storm.limit else _EXCHANGE)

        setattr(transport, "_send", counted)  # noqa: B010
        return waiting_by(client, self._clock)


@cache
def _plan() -> DryRunResult:
    """A plan of a tiny project, for the submissions of runs."""
    chamber = LocalChamber(executor="simulated")
    with tempfile.TemporaryDirectory() as folder, chamber, chamber.client() as client:
        return client.plan(_project(Path(folder) / "project"), team=chamber.team, name="planned")


def _project(folder: Path) -> Path:
    folder.mkdir()
    (folder / "train.py").write_text("print('trained')\n", "utf-8")
    return folder


@contextlib.contextmanager
def own_home() -> Iterator[Path]:
    """A folder for the journal and for the server, in memory where that can be: a flush of a disk takes its time."""
    memory = Path("/dev/shm")
    name, before = "CHAMBER_CONFIG_DIR", os.environ.get("CHAMBER_CONFIG_DIR")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        os.environ[name] = f"{folder}/.chamber"
        try:
            yield Path(folder)
        finally:
            os.environ.pop(name)
            if before is not None:
                os.environ[name] = before


async def _started() -> None:
    """Have the background loop running before anything is counted."""
