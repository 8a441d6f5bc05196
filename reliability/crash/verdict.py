"""Whether a job was lost or doubled: what the next process told, beside what the server has."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from msgspec import Struct

from reliability.crash.points import Point
from reliability.crash.work import Told

__all__ = ["Verdict", "judged"]


class Verdict(Struct, frozen=True):
    """What is wrong, a sentence each, and what is counted."""

    wrong: tuple[str, ...]
    counts: dict[str, int]


def judged(point: Point, killed: Collection[str], jobs: Sequence[str], told: Told) -> Verdict:
    """`killed`, `jobs`: the external ids of the server's jobs after the kill, and after the next process."""
    lost = set() if point.acknowledged else set(killed) - set(told.pending)
    wanted = _wanted(point, killed, told)
    counts = {
        "jobs lost": len(lost),
        "jobs doubled": max(0, len(jobs) - wanted) + len(jobs) - len(set(jobs)),
        "jobs resumed": int(told.result in killed),
        "intents resolved": len(told.resolved),
    }
    wrong = [f"the jobs {sorted(lost)} are not pending"] if lost else []
    if len(jobs) != wanted or len(set(jobs)) != len(jobs):
        wrong.append(f"the server has the jobs {list(jobs)}, and {wanted} were asked for")
    return Verdict((*wrong, *_about_the_journal(point, killed, told), *_about_the_run(point, killed, told)), counts)


def _wanted(point: Point, killed: Collection[str], told: Told) -> int:
    """How many jobs were asked for."""
    if point.kind == "config":
        return 0
    if point.kind == "submit":
        return 1
    return 1 + _is_known(point, killed, told) + (told.again is not None)


def _is_known(point: Point, killed: Collection[str], told: Told) -> bool:
    """Whether the job of the killed process was acknowledged, to it or to who asked."""
    return bool(killed) and (point.acknowledged or any(told.resolved.values()))


def _about_the_journal(point: Point, killed: Collection[str], told: Told) -> Iterator[str]:
    if point.acknowledged and told.pending:
        yield f"{told.pending} is pending after it was acknowledged"
    for external_id, found in told.resolved.items():
        if found != (external_id if external_id in killed else None):
            yield f"{external_id} was resolved as {found}, and the server has {sorted(killed)}"
    if told.left_pending:
        yield f"{told.left_pending} is pending after the next run"


def _about_the_run(point: Point, killed: Collection[str], told: Told) -> Iterator[str]:
    if point.kind in {"config", "submit"}:
        return
    if killed and not _is_known(point, killed, told) and told.result not in killed:
        yield f"the next run was {told.result}, and not {sorted(killed)}, which was not acknowledged"
    if told.again is not None and told.again in {told.result, *killed}:
        yield f"the job {told.again} was returned by another run after it was acknowledged"
