"""Callers on both faces that read, list, submit and cancel, and note what became of each submission."""

from __future__ import annotations

import asyncio
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from chamber.core import AsyncChamberClient, ChamberClient, ChamberError, SubmissionUnknownError
from reliability.proxy.child import in_child
from reliability.soak.server import Access

__all__ = ["Notes", "Traffic"]

_THREADS = _TASKS = 4
_READS = ("get_workload", "list_workloads", "get_capacity", "health", "search_workloads")


class Notes:
    """What became of each submission, in a file so that it takes no memory; and counts of how calls ended."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        self.counts: Counter[str] = Counter()
        self.foreign: list[str] = []

    def submitted(self, external_id: str, fate: str) -> None:
        """A submission was acknowledged, refused, or reported as unknown."""
        with self._lock, self._file.open("a") as file:
            file.write(f"{fate} {external_id}\n")

    def ended(self, how: str) -> None:
        """A call ended so."""
        with self._lock:
            self.counts[how] += 1

    def failed(self, error: Exception) -> None:
        """A call failed; an error that is none of ours is kept."""
        self.ended(type(error).__name__)
        if not isinstance(error, ChamberError):
            self.foreign.append(repr(error))

    def fates(self) -> dict[str, str]:
        """External id -> what became of it."""
        lines = self._file.read_text().splitlines() if self._file.exists() else []
        return {external_id: fate for fate, external_id in (line.split(" ", 1) for line in lines)}


class Traffic:
    """Callers that make about `rate` calls in a second together, until they are stopped."""

    def __init__(self, access: Access, notes: Notes, rate: float, seed: int, watch: Callable[[Any], None]) -> None:
        self._access, self._notes, self._seed = access, notes, seed
        self._pause = (_THREADS + _TASKS) / rate
        self._ended = threading.Event()
        self._known: list[str] = []
        self.blocking = ChamberClient(access.token, access.url)
        watch(self.blocking._async._transport)
        self._watch = watch
        callers = [threading.Thread(target=self._block, args=(n,), daemon=True) for n in range(_THREADS)]
        self._threads = [*callers, threading.Thread(target=lambda: asyncio.run(self._awaiting()), daemon=True)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let the calls that are under way end, and close the clients."""
        self._ended.set()
        for thread in self._threads:
            thread.join(240)
        self.blocking.close()

    def fork(self) -> None:
        """Let a forked child make calls with the client that it inherits."""
        mine = f"soak-{self._seed}-fork-{os.getpid()}-{time.monotonic_ns()}"
        fate = in_child(lambda: self._in_a_child(mine))
        self._notes.ended(f"fork: {fate}")
        self._notes.submitted(mine, fate)

    def _in_a_child(self, external_id: str) -> str:
        try:
            self.blocking.submit_job("forked", self._access.team, "H100", 1, external_id=external_id, timeout=20.0)
        except SubmissionUnknownError:
            return "unknown"
        except ChamberError:
            return "refused"
        return "acknowledged"

    def _block(self, number: int) -> None:
        dice = random.Random(f"{self._seed}:{number}")
        for turn in self._turns():
            operation, arguments = self._drawn(dice, f"{number}-{turn}")
            try:
                result = getattr(self.blocking, operation)(*arguments)
            except Exception as error:
                self._failed(operation, arguments, error)
            else:
                self._done(operation, arguments, result)
            self._ended.wait(dice.expovariate(1 / self._pause))

    async def _awaiting(self) -> None:
        async with AsyncChamberClient(self._access.token, self._access.url) as client:
            self._watch(client._transport)
            await asyncio.gather(*(self._await(client, _THREADS + n) for n in range(_TASKS)))

    async def _await(self, client: AsyncChamberClient, number: int) -> None:
        dice = random.Random(f"{self._seed}:{number}")
        for turn in self._turns():
            operation, arguments = self._drawn(dice, f"{number}-{turn}")
            try:
                result = await getattr(client, operation)(*arguments)
            except Exception as error:
                self._failed(operation, arguments, error)
            else:
                self._done(operation, arguments, result)
            await asyncio.sleep(dice.expovariate(1 / self._pause))

    def _turns(self) -> Any:
        turn = 0
        while not self._ended.is_set():
            turn += 1
            yield turn

    def _drawn(self, dice: random.Random, name: str) -> tuple[str, tuple[Any, ...]]:
        chance = dice.random()
        if chance < 0.1 or not self._known:
            mine = f"soak-{self._seed}-{name}"
            return "submit_job", (mine, self._access.team, "H100", 1, "RESERVED", None, mine)
        if chance < 0.15:
            return "cancel_workload", (dice.choice(self._known),)
        operation = dice.choice(_READS)
        return operation, (dice.choice(self._known),) if operation == "get_workload" else ()

    def _done(self, operation: str, arguments: tuple[Any, ...], result: Any) -> None:
        self._notes.ended("result")
        if operation == "submit_job":
            self._notes.submitted(arguments[0], "acknowledged")
            self._known = [*self._known[-99:], result.id]

    def _failed(self, operation: str, arguments: tuple[Any, ...], error: Exception) -> None:
        self._notes.failed(error)
        if operation == "submit_job":
            self._notes.submitted(arguments[0], "unknown" if isinstance(error, SubmissionUnknownError) else "refused")
