"""What a pod asks for beside GPUs: one table, by GPU type."""

from __future__ import annotations

from msgspec import Struct

__all__ = ["GPUS_PER_NODE", "PER_GPU", "UNKNOWN", "Share", "of"]

#: What one node has; more than this many GPUs take several nodes.
GPUS_PER_NODE = 8


class Share(Struct, frozen=True):
    """A node's CPUs, memory and shared memory (in GiB), for each of its GPUs."""

    cpu: int
    memory: int
    shm: int


#: A little less than an eighth of the common eight-GPU node of each type, so that pods fit beside the node's own.
PER_GPU: dict[str, Share] = {
    "A10G": Share(6, 20, 8),
    "A100": Share(11, 120, 32),
    "A100-80GB": Share(11, 120, 32),
    "B200": Share(22, 220, 64),
    "B300": Share(22, 440, 64),
    "GB200": Share(32, 200, 64),
    "H100": Share(22, 200, 64),
    "H200": Share(22, 220, 64),
    "L4": Share(6, 20, 8),
    "L40S": Share(6, 40, 16),
    "T4": Share(6, 20, 8),
    "V100": Share(7, 50, 16),
}

#: What is asked for with a GPU type that is not in the table: what most nodes have.
UNKNOWN = Share(6, 20, 8)


def of(gpu_type: str) -> Share | None:
    """The share of one GPU of this type; None for a type that is not in the table."""
    name = gpu_type.upper().replace("_", "-").replace(" ", "-").removeprefix("NVIDIA-")
    return PER_GPU.get(name)
