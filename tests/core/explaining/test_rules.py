"""The table of reasons: what each row is found by, and which of two reasons counts more."""

from __future__ import annotations

from typing import Any

import pytest

from chamber.core import Capacity, CapacityPool, CapacityTeam, Reason, Workload
from chamber.core.explaining.case import Case
from chamber.core.explaining.rules import RULES, concluded


def case(status: str, told: str = "", *lines: str, **others: Any) -> Case:
    fields = {"id": "wl_1", "name": "train", "initiative_id": "ml", "gpu_type": "H100", "requested_gpus": 4}
    known = {name: others.pop(name) for name in ("capacity", "ahead") if name in others}
    reason = {"failure_reason": told or None}
    return Case(workload=Workload(status=status, **fields | reason | others), lines=lines, **known)  # type: ignore[arg-type]


def capacity(total: float | None = None, idle: float | None = None, left: float | None = None) -> Capacity:
    pool = CapacityPool(id="p", gpu_type="h100", total_gpus=total, available_gpus=idle)
    return Capacity(pools=[pool], teams=[CapacityTeam(id="ml", remaining_gpu_hours=left)])


TRACEBACK = ("Traceback (most recent call last):", '  File "train.py", line 1', "ValueError: no such split")
FOUND = [
    ("FAILED", "ErrImagePull: manifest unknown", (), {}, "IMAGE_PULL"),
    ("PENDING", "Back-off pulling image: ImagePullBackOff", (), {}, "IMAGE_PULL"),
    ("STARTING", "ImagePullBackOff", (), {}, "IMAGE_PULL"),
    ("FAILED", "can never be scheduled: it asks for 16 H100", (), {}, "UNSCHEDULABLE"),
    ("PENDING", "", (), {"capacity": capacity(total=2)}, "UNSCHEDULABLE"),
    ("PENDING", "waits: team ml has used its 10 GPU-hours of this month", (), {}, "QUOTA"),
    ("PENDING", "", (), {"capacity": capacity(total=8, idle=8, left=0)}, "QUOTA"),
    ("PENDING", "exceeded quota: compute", (), {}, "QUOTA"),
    ("QUEUED", "waits for GPUs that are reserved for its team to become free in pool", (), {}, "RESERVATION"),
    ("QUEUED", "", (), {"capacity": capacity(total=8, idle=1), "job_class": "RESERVED"}, "RESERVATION"),
    ("QUEUED", "waits behind workloads that come before it in pool", (), {}, "PRIORITY"),
    ("PENDING", "", (), {"ahead": (case("PENDING", priority=90).workload,)}, "PRIORITY"),
    ("QUEUED", "waits for 4 idle GPUs in pool", (), {}, "CAPACITY"),
    ("PENDING", "", (), {"capacity": capacity(total=8, idle=1), "job_class": "ELASTIC"}, "CAPACITY"),
    ("PENDING", "0/3 nodes are available: 3 Insufficient nvidia.com/gpu", (), {}, "CAPACITY"),
    ("PENDING", "", (), {}, "UNKNOWN"),
    ("PREEMPTED", "preempted: team a needed its reserved GPUs", (), {}, "RESERVATION"),
    ("PREEMPTED", "", (), {}, "RESERVATION"),
    ("CANCELLED", "cancelled by ada", (), {}, "CANCELLED"),
    ("FAILED", "exit code 1", ("torch.OutOfMemoryError: CUDA out of memory.",), {"exit_code": 1}, "GPU_OUT_OF_MEMORY"),
    ("FAILED", "", ("jaxlib: RESOURCE_EXHAUSTED: Out of memory while",), {"exit_code": 1}, "GPU_OUT_OF_MEMORY"),
    ("FAILED", "out of memory (OOMKilled): it used more than 2Gi", (), {"exit_code": 137}, "OUT_OF_MEMORY"),
    ("FAILED", "killed by SIGKILL, as one is that uses more memory than its limit of 1Gi", (), {}, "OUT_OF_MEMORY"),
    ("FAILED", "", ("MemoryError",), {"exit_code": 1}, "OUT_OF_MEMORY"),
    ("FAILED", "", ("RuntimeError: DataLoader worker: insufficient shared memory (shm)",), {}, "OUT_OF_MEMORY"),
    ("FAILED", "", ("OSError: [Errno 28] No space left on device",), {"exit_code": 1}, "DISK_FULL"),
    ("FAILED", "", ("RuntimeError: NCCL error in: net.cc:1, ncclSystemError",), {"exit_code": 1}, "NCCL"),
    ("FAILED", "", ("Watchdog caught collective operation timeout: WorkNCCL",), {"exit_code": 134}, "NCCL"),
    ("FAILED", "DeadlineExceeded: Job was active longer than specified deadline", (), {}, "DEADLINE"),
    ("FAILED", "", ("ModuleNotFoundError: No module named 'einops'",), {"exit_code": 1}, "CONFIGURATION"),
    ("FAILED", "k8s_manifest has no container", (), {}, "CONFIGURATION"),
    ("FAILED", "killed by SIGTERM", (), {"exit_code": 143}, "SIGNAL"),
    ("FAILED", "", (), {"exit_code": 137}, "SIGNAL"),
    ("FAILED", "exit code 1", TRACEBACK, {"exit_code": 1}, "EXIT_CODE"),
    ("FAILED", "something else", (), {}, "UNKNOWN"),
    ("STARTING", "", (), {}, "STARTING"),
    ("RUNNING", "", ("epoch 1",), {}, "RUNNING"),
    ("COMPLETED", "", (), {}, "COMPLETED"),
    ("SUSPENDED", "", (), {}, "UNKNOWN"),
]


@pytest.mark.parametrize(("status", "told", "lines", "others", "reason"), FOUND)
def test_a_case_has_its_reason(
    status: str, told: str, lines: tuple[str, ...], others: dict[str, Any], reason: str
) -> None:
    explained = concluded(case(status, told, *lines, **others))
    assert (explained.reason, explained.status, explained.workload_id) == (reason, status, "wl_1")
    first, second = str(explained).split("\n")
    assert first.startswith(f"{status} ({reason}): ")
    assert second == explained.next_step
    assert "{" not in explained.message


def test_every_row_of_the_table_is_found_by_some_case() -> None:
    found = {concluded(case(status, told, *lines, **others)).next_step for status, told, lines, others, _ in FOUND}
    filled = [rule.next_step.format(id="wl_1", team="ml", gpus="", code="", evidence="") for rule in RULES]
    assert [step for step in filled if step not in found] == []


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (("[rank1] NCCL error: remote process exited", "[rank0] CUDA out of memory"), "GPU_OUT_OF_MEMORY"),
        (("ModuleNotFoundError: no flash_attn", "NCCL WARN timeout"), "NCCL"),
        ((*TRACEBACK, "MemoryError"), "OUT_OF_MEMORY"),
    ],
)
def test_a_cause_counts_more_than_what_it_causes(lines: tuple[str, ...], reason: str) -> None:
    assert concluded(case("FAILED", "exit code 1", *lines, exit_code=1)).reason == reason


def test_what_the_api_says_counts_more_than_what_its_figures_suggest() -> None:
    told = case("QUEUED", "waits for 4 idle GPUs in pool", capacity=capacity(total=8, idle=8, left=-1))
    assert concluded(told).reason == Reason.CAPACITY


def test_the_evidence_is_what_was_found_and_what_the_api_says() -> None:
    explained = concluded(case("FAILED", "exit code 1: ValueError", *TRACEBACK, exit_code=1))
    assert explained.evidence == ("ValueError: no such split", "exit code 1: ValueError")
    assert explained.message == "its program ended with exit code 1: ValueError: no such split"


def test_a_secret_in_a_line_is_not_repeated_and_a_long_line_is_cut() -> None:
    line = "RuntimeError: NCCL error token=ghp_0123456789abcdefghijABCDEFGHIJ0123456789 " + "x" * 1000
    explained = concluded(case("FAILED", "", line, exit_code=1))
    assert "ghp_0123456789" not in f"{explained} {explained.evidence}"
    assert len(explained.message) < 400


def test_an_explanation_is_a_table_in_notebooks() -> None:
    html = concluded(case("FAILED", "<b>exit</b> code 1", exit_code=1))._repr_html_()
    assert "EXIT_CODE" in html
    assert "<b>exit" not in html
