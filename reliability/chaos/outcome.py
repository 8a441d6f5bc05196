"""What a storm left behind, and what of it must not be."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping

__all__ = ["Outcome", "total"]

#: What `Outcome.violations` tells of, each of which has to be nothing.
INVARIANTS = (
    "duplicates",
    "acknowledged but absent",
    "acknowledged twice",
    "present and unreported",
    "foreign exceptions",
    "past deadline + 250 ms",
    "without an outcome",
    "journal differs from what was reported",
    "reported and not resolved",
    "left behind (fds, tasks, threads)",
)


@dataclasses.dataclass
class Outcome:
    """Counts of one storm, or of several."""

    submissions: int = 0
    #: External id and workload id, of each submission that was acknowledged.
    acknowledged: list[tuple[str | None, str]] = dataclasses.field(default_factory=list)
    #: External ids of submissions that were reported to be of unknown fate.
    unknown: list[str] = dataclasses.field(default_factory=list)
    #: Classes of errors that say that nothing was submitted.
    refused: list[str] = dataclasses.field(default_factory=list)
    #: Exceptions that are none of the client's family.
    foreign: list[str] = dataclasses.field(default_factory=list)
    #: Calls that took longer than they were given, by the clock that they waited by.
    late: list[str] = dataclasses.field(default_factory=list)
    #: Workload id and external id, of all that the server has.
    table: list[tuple[str, str | None]] = dataclasses.field(default_factory=list)
    #: External ids in the journal when all was over; None: there is no journal.
    pending: list[str] | None = None
    #: External ids that were reported, and then were not found although present, or found although not.
    unresolved: list[str] = dataclasses.field(default_factory=list)
    #: What is there that was not there before.
    left: list[str] = dataclasses.field(default_factory=list)
    requests: int = 0
    #: Requests that submit.
    posts: int = 0
    faults: int = 0

    @property
    def amplification(self) -> float:
        """Requests that submit, for each submission."""
        return self.posts / max(1, self.submissions)

    @property
    def reported(self) -> set[str]:
        """External ids of submissions that were reported to be of unknown fate, and were not taken up since."""
        return set(self.unknown) - {str(external_id) for external_id, _ in self.acknowledged}

    def violations(self) -> dict[str, list[str]]:
        """What must not be, by invariant; empty when all is well."""
        told = {external_id for external_id, _ in self.acknowledged} | set(self.unknown)
        there = Counter(external_id for _, external_id in self.table)
        ended = len(self.acknowledged) + len(self.unknown) + len(self.refused) + len(self.foreign)
        found = {
            "duplicates": [str(external_id) for external_id, times in there.items() if times > 1],
            "acknowledged but absent": sorted({i for _, i in self.acknowledged} - {i for i, _ in self.table}),
            "acknowledged twice": _repeated(i for _, i in self.acknowledged),
            "present and unreported": [str(external_id) for external_id in there if external_id not in told],
            "foreign exceptions": self.foreign,
            "past deadline + 250 ms": self.late,
            "without an outcome": [] if ended == self.submissions else [f"{ended} of {self.submissions} ended"],
            "journal differs from what was reported": self._unkept(),
            "reported and not resolved": self.unresolved,
            "left behind (fds, tasks, threads)": self.left,
        }
        assert tuple(found) == INVARIANTS
        return {invariant: of for invariant, of in found.items() if of}

    def _unkept(self) -> list[str]:
        if self.pending is None:
            return []
        return sorted(self.reported ^ set(self.pending))


def total(outcomes: Iterable[Outcome]) -> Mapping[str, float]:
    """The sums of several storms."""
    sums: Counter[str] = Counter()
    for outcome in outcomes:
        sums.update(dict.fromkeys(INVARIANTS, 0))
        sums.update({invariant: len(of) for invariant, of in outcome.violations().items()})
        sums.update(submissions=outcome.submissions, requests=outcome.requests, posts=outcome.posts)
        sums.update(faults=outcome.faults, acknowledged=len(outcome.acknowledged), refused=len(outcome.refused))
        sums.update({"reported unknown": len(outcome.unknown)})
    return sums


def _repeated(values: Iterable[str]) -> list[str]:
    return [value for value, times in Counter(values).items() if times > 1]
