"""The attempts of one run: what each is called, and what its job is told.

A job that may be submitted again after a preemption finds in its environment:

``CHAMBER_RUN_ID``
    The same in each attempt, and in no other run.
``CHAMBER_ATTEMPT``
    1 in the first attempt, 2 in the second.
``CHAMBER_CHECKPOINT_DIR``
    Where the user put checkpoints by a variable of this name, a folder or prefix below that for this run alone. It
    has to outlive the pods: a mounted volume, or a bucket.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from chamber.core.submission import checked, new_external_id
from chamber.run.job.manifest import with_labels, with_variables

if TYPE_CHECKING:
    from chamber.run.planning.plan import DryRunResult

__all__ = ["CHECKPOINTS", "EXTERNAL_ID_LABEL", "Attempt", "fields_of"]

CHECKPOINTS = "CHAMBER_CHECKPOINT_DIR"
_RUN, _NUMBER = "CHAMBER_RUN_ID", "CHAMBER_ATTEMPT"
#: By which the pods of a workload are found.
EXTERNAL_ID_LABEL = "chamber.io/external-id"


class Attempt(Struct, frozen=True):
    """One submission of a run. Its external id tells which: ``<run>``, ``<run>.2``, ``<run>.3``."""

    run_id: str
    number: int = 1

    @classmethod
    def first(cls) -> Attempt:
        """That of a new run."""
        return cls(new_external_id())

    @classmethod
    def of(cls, external_id: str) -> Attempt:
        """The one that has this external id."""
        run_id, _, number = external_id.rpartition(".")
        return cls(run_id, int(number)) if run_id and number.isdecimal() else cls(external_id)

    @property
    def external_id(self) -> str:
        """Whoever submits this attempt does so under this id, so that it is there once."""
        return self.run_id if self.number == 1 else f"{self.run_id}.{self.number}"

    @property
    def next(self) -> Attempt:
        """The one after it."""
        return Attempt(self.run_id, self.number + 1)

    def __str__(self) -> str:
        return "" if self.number == 1 else f", attempt {self.number}"


def fields_of(plan: DryRunResult, attempt: Attempt, *, told: bool) -> dict[str, Any]:
    """What is submitted in an attempt. `told`: the job finds out in its environment which one it is.

    A further attempt has a name of its own in Kubernetes, where the one before it may still be.

    Raises ValidationError: a field is outside its bounds. Raises ConfigurationError: the manifest becomes too long.
    """
    manifest = plan.manifest
    if attempt.number > 1:
        manifest = manifest.replace(plan.job_name, _another(plan.job_name))
    if told:
        manifest = with_variables(manifest, lambda held: _variables(attempt, held))
    manifest = with_labels(manifest, {EXTERNAL_ID_LABEL: attempt.external_id})
    return checked({**plan.submitted, "k8s_manifest": manifest, "external_id": attempt.external_id})


def _variables(attempt: Attempt, held: Mapping[str, str]) -> dict[str, str]:
    folder = held.get(CHECKPOINTS)
    checkpoints = {CHECKPOINTS: f"{folder.rstrip('/')}/{attempt.run_id}"} if folder else {}
    return {_RUN: attempt.run_id, _NUMBER: str(attempt.number), **checkpoints}


def _another(name: str) -> str:
    """A job's name with other digits at its end."""
    kept, _, unique = name.rpartition("-")
    return f"{kept}-{secrets.token_hex(len(unique) // 2)}"
