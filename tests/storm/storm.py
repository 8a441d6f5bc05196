"""Many submissions while a third of all answers is faulty, and what became of them.

The server is a real one on loopback that ignores Idempotency-Key, the worst case that the client must be safe in; its own
table is the oracle. Only the client's waits are virtual: each caller has a clock that moves when it sleeps.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from chamber.core import AsyncChamberClient, ChamberError, SubmissionUnknownError
from chamber.core.testing import FakeClock
from chamber.local import LocalChamber

#: What befalls answers. Those that take real time to fail (delays) have tests of their own.
KINDS = ("reset_before", "reset_after", "status", "truncate", "html", "unknown_status")


@dataclass
class Outcome:
    """What a storm left behind."""

    #: External id → workload id, of submissions that were acknowledged.
    acknowledged: dict[str, str] = field(default_factory=dict)
    #: External ids of submissions that were reported to be of unknown fate.
    unknown: set[str] = field(default_factory=set)
    #: External ids of submissions that were refused.
    refused: set[str] = field(default_factory=set)
    #: Exceptions that are none of ours.
    foreign: list[BaseException] = field(default_factory=list)
    #: External id → how often the server has it.
    present: Counter[str] = field(default_factory=Counter)
    #: How many submissions the server was sent, for each that was made.
    amplification: float = 0.0
    faults: int = 0

    @property
    def duplicated(self) -> list[str]:
        return [external_id for external_id, times in self.present.items() if times > 1]

    @property
    def lost(self) -> list[str]:
        return [external_id for external_id in self.acknowledged if external_id not in self.present]

    @property
    def unreported(self) -> list[str]:
        told = {*self.acknowledged, *self.unknown}
        return [external_id for external_id in self.present if external_id not in told]


async def storm(chamber: LocalChamber, submissions: int, callers: int, rate: float, seed: int) -> Outcome:
    """Make so many submissions from so many callers at once."""
    outcome = Outcome()
    names = iter(range(submissions))
    chamber.faults.seed(seed, rate=rate, kinds=KINDS, most_in_a_row=3)
    sent = await asyncio.gather(*(_caller(chamber, names, outcome) for _ in range(callers)))
    chamber.faults.clear()
    outcome.faults = len(chamber.faults.log)
    outcome.amplification = sum(sent) / submissions
    outcome.present = Counter(row.external_id for row in chamber.workloads() if row.external_id)
    return outcome


async def _caller(chamber: LocalChamber, names: Iterator[int], outcome: Outcome) -> int:
    async with chamber.async_client() as client:
        client._transport.clock = FakeClock()
        posts = _counted(client)
        for number in names:
            await _submit(client, chamber.team, f"job-{number}", outcome)
        return posts[0]


def _counted(client: AsyncChamberClient) -> list[int]:
    """How often the client sends a submission, as one number that grows."""
    posts = [0]
    send = client._transport._send

    async def counting(request, timeout):
        posts[0] += request.url.endswith("/workloads") and request.method == "POST"
        return await send(request, timeout)

    client._transport._send = counting
    return posts


async def _submit(client: AsyncChamberClient, team: str, external_id: str, outcome: Outcome) -> None:
    try:
        workload = await client.submit_job(external_id, team, "H100", 1, external_id=external_id)
    except SubmissionUnknownError as error:
        outcome.unknown.add(error.external_id)
    except ChamberError:
        outcome.refused.add(external_id)
    except Exception as error:
        outcome.foreign.append(error)
    else:
        outcome.acknowledged[external_id] = workload.id
