"""The table of reasons. The first row that finds its evidence is the reason, so causes stand above what they cause."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import msgspec

from chamber.core.enums import JobStatus, Reason
from chamber.core.explaining.case import Case
from chamber.core.models import Explanation
from chamber.core.redaction import redacted

__all__ = ["RULES", "Rule", "concluded"]

#: What shows that a rule holds; None: it does not.
Finding: TypeAlias = Callable[[Case], str | None]

_WAITING = frozenset({JobStatus.PENDING, JobStatus.QUEUED})
_NOT_RUN = _WAITING | {JobStatus.STARTING, JobStatus.FAILED}
_FAILED = frozenset({JobStatus.FAILED})
_SIGNALS = 128
#: Characters of one piece of evidence.
_SHOWN = 300


class Rule(msgspec.Struct, frozen=True):
    """One row: in which statuses it is looked at, what shows it, what it means and what to do."""

    reason: Reason
    statuses: frozenset[JobStatus]
    finds: Finding
    message: str
    next_step: str


def concluded(case: Case) -> Explanation:
    """The explanation by the first rule that finds evidence."""
    workload = case.workload
    for rule in RULES:
        evidence = rule.finds(case) if workload.status in rule.statuses else None
        if evidence is not None:
            return _explained(case, rule, evidence)
    return Explanation(
        workload.id,
        workload.status,
        Reason.UNKNOWN,
        f"the API says {_short(case.told)!r}" if case.told else f"it is {workload.status}, and nothing tells why",
        f"Read its output with client.logs({workload.id!r}), or ask the cluster itself",
        tuple(_short(line) for line in (*case.lines[-3:], *case.missing)),
    )


def _explained(case: Case, rule: Rule, evidence: str) -> Explanation:
    workload = case.workload
    facts = {
        "id": workload.id,
        "gpus": f"{workload.requested_gpus or 0:g} {workload.gpu_type or 'GPUs'}",
        "team": workload.initiative_id or "its team",
        "code": workload.exit_code,
        "evidence": _short(evidence),
    }
    shown = tuple(dict.fromkeys(_short(text) for text in (evidence, case.told, *case.missing) if text))
    message, next_step = rule.message.format(**facts), rule.next_step.format(**facts)
    return Explanation(workload.id, workload.status, rule.reason, message, next_step, shown)


def _short(text: str) -> str:
    line = " ".join(redacted(text).split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"


def _said(*words: str) -> Finding:
    return lambda case: case.said(*words)


def _printed(*words: str) -> Finding:
    return lambda case: case.printed(*words)


def _always(text: str) -> Finding:
    return lambda case: case.told or text


def _used_up(case: Case) -> str | None:
    left = None if case.told else case.remaining_hours
    inferred = f"the team has {left:g} GPU-hours left" if left is not None and left <= 0 else None
    return case.said("GPU-hours of this month", "quota", "budget") or inferred


def _too_large(case: Case) -> str | None:
    largest = max((pool.total_gpus for pool in case.pools if pool.total_gpus is not None), default=None)
    asked = case.workload.requested_gpus
    if case.told or largest is None or asked is None or asked <= largest:
        return None
    return f"the largest pool has {largest:g} {case.workload.gpu_type}"


def _on_reservation(case: Case) -> str | None:
    inferred = None if case.told or not case.is_reserved else "RESERVED work runs only on what is reserved for its team"
    return case.said("reserved for its team", "make room for it", "reservation") or inferred


def _behind(case: Case) -> str | None:
    found = case.said("behind workloads", "higher priority")
    if not case.ahead or (case.told and not found):
        return found
    first, others = case.ahead[0], len(case.ahead) - 1
    more = f" and {others} more" if others else ""
    return f"{first.name} ({first.id}) with priority {first.priority}{more}"


def _no_idle(case: Case) -> str | None:
    idle = [pool.available_gpus for pool in case.pools if pool.available_gpus is not None]
    asked = case.workload.requested_gpus
    is_short = not case.told and idle and asked is not None and max(idle) < asked
    return case.said("idle GPUs", "insufficient", "unschedulable") or (f"{max(idle):g} are idle" if is_short else None)


def _signalled(case: Case) -> str | None:
    code = case.workload.exit_code
    return f"exit code {code}" if code is not None and code > _SIGNALS else case.said("killed by SIG")


def _exited(case: Case) -> str | None:
    code = case.workload.exit_code
    if not code:
        return None
    last = next((line.strip() for line in reversed(case.lines) if line.strip()), "")
    return last or f"exit code {code}"


_PULL = (
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "pull access denied",
    "manifest unknown",
    "could not pull the image",
    "is not in this Chamber's registry",
    "lacks the blob",
)
_GPU_MEMORY = (
    "CUDA out of memory",
    "HIP out of memory",
    "torch.OutOfMemoryError",
    "torch.cuda.OutOfMemoryError",
    "CUDA_ERROR_OUT_OF_MEMORY",
    "RESOURCE_EXHAUSTED: Out of memory",
)
_SHARED_MEMORY = ("insufficient shared memory (shm)", "unable to write to file </torch", "/dev/shm")  # noqa: S108
_MEMORY = (
    "OOMKilled",
    "out of memory (OOMKilled)",
    "more memory than its limit",
    "MemoryError",
    "std::bad_alloc",
    "Cannot allocate memory",
    "can't allocate memory",
)
_NCCL = (
    "NCCL error",
    "NCCL WARN",
    "ncclSystemError",
    "ncclInternalError",
    "ncclRemoteError",
    "ncclUnhandledCudaError",
    "ProcessGroupNCCL",
    "Watchdog caught collective operation timeout",
)
_MANIFEST = ("manifest", "CreateContainerConfigError", "cannot be started", "CreateContainerError", "recipe")

#: Every reason and what shows it.
RULES: tuple[Rule, ...] = (
    Rule(
        Reason.IMAGE_PULL,
        _NOT_RUN,
        _said(*_PULL),
        "the image cannot be pulled: {evidence}",
        "Check that the image is in its registry and that the cluster may read it: client.doctor() examines the "
        "registry, image_pull_secrets= names the login",
    ),
    Rule(
        Reason.UNSCHEDULABLE,
        _NOT_RUN,
        _said("can never be scheduled"),
        "no capacity will ever fit it: {evidence}",
        "Submit it with fewer GPUs, another GPU type, or as ELASTIC; client.get_capacity() shows what there is",
    ),
    Rule(
        Reason.QUOTA,
        _WAITING,
        _used_up,
        "team {team} has used up its GPU-hours",
        "Wait until the budget begins anew or have it raised; client.get_capacity({team!r}) shows it",
    ),
    Rule(
        Reason.UNSCHEDULABLE,
        _WAITING,
        _too_large,
        "it asks for {gpus}, and {evidence}",
        "Submit it with fewer GPUs or another GPU type; client.get_capacity() shows what there is",
    ),
    Rule(
        Reason.RESERVATION,
        _WAITING,
        _on_reservation,
        "it waits for {gpus} that are reserved for team {team} and in use",
        "Wait for its team's other work to end, cancel some, or submit it as ELASTIC to use what is idle elsewhere",
    ),
    Rule(
        Reason.PRIORITY,
        _WAITING,
        _behind,
        "other work comes first: {evidence}",
        "Wait, or submit it with a higher priority",
    ),
    Rule(
        Reason.CAPACITY,
        _WAITING,
        _no_idle,
        "it waits for {gpus}: {evidence}",
        "Wait, ask for fewer GPUs, or use another GPU type; client.get_capacity() shows what is idle",
    ),
    Rule(
        Reason.RESERVATION,
        frozenset({JobStatus.PREEMPTED}),
        _always("preempted"),
        "reserved work needed its GPUs: {evidence}",
        'Submit it again, which run(on_preempted="resubmit") does by itself, or as RESERVED, which is never preempted',
    ),
    Rule(
        Reason.CANCELLED,
        frozenset({JobStatus.CANCELLED}),
        _always("cancelled"),
        "somebody cancelled it: {evidence}",
        "Submit it again if that was a mistake",
    ),
    Rule(
        Reason.GPU_OUT_OF_MEMORY,
        _FAILED,
        _printed(*_GPU_MEMORY),
        "a GPU had too little memory: {evidence}",
        "Use a smaller batch, activation checkpointing or more GPUs, or a GPU type with more memory",
    ),
    Rule(
        Reason.OUT_OF_MEMORY,
        _FAILED,
        _printed(*_SHARED_MEMORY),
        "shared memory was too small for the data loaders: {evidence}",
        'Give it more, as in run(shm_size="32Gi"), or use fewer loader workers',
    ),
    Rule(
        Reason.OUT_OF_MEMORY,
        _FAILED,
        _printed(*_MEMORY),
        "it used more memory than it has: {evidence}",
        'Give it more, as in run(memory="128Gi"), or hold less of the data at once',
    ),
    Rule(
        Reason.DISK_FULL,
        _FAILED,
        _printed("No space left on device"),
        "its disk is full: {evidence}",
        "Write checkpoints and data to storage of your own, and clean up what is no longer needed",
    ),
    Rule(
        Reason.NCCL,
        _FAILED,
        _printed(*_NCCL),
        "the GPUs could not talk to each other: {evidence}",
        'Look for the first pod that failed in client.logs({id!r}); run it with env={{"NCCL_DEBUG": "INFO"}} to see '
        "which connection breaks",
    ),
    Rule(
        Reason.DEADLINE,
        _FAILED,
        _said("DeadlineExceeded", "activeDeadlineSeconds"),
        "its time was up: {evidence}",
        "Give it more time, or have it begin from its last checkpoint",
    ),
    Rule(
        Reason.CONFIGURATION,
        _FAILED,
        _printed("ModuleNotFoundError", "ImportError"),
        "its environment lacks something: {evidence}",
        "Add it to the project's requirements, or name it with extra_pip_packages=",
    ),
    Rule(
        Reason.CONFIGURATION,
        _FAILED | {JobStatus.STARTING},
        lambda case: None if case.workload.exit_code else case.said(*_MANIFEST),
        "it cannot be started as it was submitted: {evidence}",
        "Correct the manifest or the setting that is named; client.plan() shows what run() would submit",
    ),
    Rule(
        Reason.SIGNAL,
        _FAILED,
        _signalled,
        "it was killed by a signal: {evidence}",
        "137 (SIGKILL) mostly means too little memory: give it more with memory=. 143 (SIGTERM) means that it was told "
        "to end, as when its node goes away: submit it again",
    ),
    Rule(
        Reason.EXIT_CODE,
        _FAILED,
        _exited,
        "its program ended with exit code {code}: {evidence}",
        "Read what it printed with client.logs({id!r}), and correct it",
    ),
    Rule(
        Reason.STARTING,
        frozenset({JobStatus.STARTING}),
        _always("its pods are being started"),
        "it has its GPUs and is being started: {evidence}",
        "Wait: the first pull of a large image takes minutes",
    ),
    Rule(
        Reason.RUNNING,
        frozenset({JobStatus.RUNNING}),
        lambda case: case.lines[-1] if case.lines else "",
        "it runs",
        "Nothing to do: client.logs({id!r}, follow=True) shows what it prints",
    ),
    Rule(
        Reason.COMPLETED,
        frozenset({JobStatus.COMPLETED}),
        lambda case: "",
        "it completed",
        "Nothing to do",
    ),
)
