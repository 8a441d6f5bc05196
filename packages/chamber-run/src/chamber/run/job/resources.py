"""What a pod asks for beside GPUs: one table, by GPU type."""

from __future__ import annotations

from msgspec import Struct

__all__ = ["HEAD", "TYPES", "UNKNOWN", "GpuType", "Share", "of"]

NVIDIA = "nvidia.com/gpu"
AMD = "amd.com/gpu"


class Share(Struct, frozen=True):
    """CPUs, memory and shared memory (in GiB)."""

    cpu: int
    memory: int
    shm: int


class GpuType(Share, frozen=True):
    """A node's share for each of its GPUs, and how many it has."""

    per_node: int = 8
    #: The name under which its device plugin offers it (Kubernetes: extended resource).
    resource: str = NVIDIA


#: A little less than a GPU's part of the common node of each type, so that pods fit beside the node's own.
TYPES: dict[str, GpuType] = {
    "A10": GpuType(6, 20, 8),
    "A10G": GpuType(6, 20, 8),
    "A30": GpuType(8, 60, 16),
    "A40": GpuType(8, 60, 16),
    "A100": GpuType(11, 120, 32),
    "B200": GpuType(22, 220, 64),
    "B300": GpuType(22, 440, 64),
    "GB200": GpuType(32, 200, 64, per_node=4),
    "GB300": GpuType(32, 200, 64, per_node=4),
    "GH200": GpuType(64, 400, 64, per_node=1),
    "H100": GpuType(22, 200, 64),
    "H200": GpuType(22, 220, 64),
    "L4": GpuType(6, 20, 8),
    "L40": GpuType(6, 40, 16),
    "L40S": GpuType(6, 40, 16),
    "MI250X": GpuType(10, 110, 32, resource=AMD),
    "MI300X": GpuType(11, 200, 64, resource=AMD),
    "MI325X": GpuType(11, 220, 64, resource=AMD),
    "MI355X": GpuType(14, 320, 64, resource=AMD),
    "P100": GpuType(6, 40, 16, per_node=4),
    "RTX-4090": GpuType(8, 40, 16),
    "RTX-6000-Ada": GpuType(8, 60, 16),
    "RTX-A6000": GpuType(8, 60, 16),
    "RTX-PRO-6000": GpuType(8, 60, 16),
    "T4": GpuType(6, 20, 8),
    "V100": GpuType(7, 50, 16),
}

#: What is asked for with a GPU type that is not in the table: what most nodes have.
UNKNOWN = GpuType(6, 20, 8)

#: Of a Ray cluster's head, which has no GPU and runs the driver.
HEAD = Share(4, 16, 4)

#: Words of a name that do not change what a node has: makers, form factors, kinds of memory.
_LEFT_OUT = {
    *("NVIDIA", "AMD", "TESLA", "GEFORCE", "QUADRO", "RTX", "INSTINCT", "GPU", "TENSOR", "CORE", "GRACE", "HOPPER"),
    *("SXM", "SXM2", "SXM3", "SXM4", "SXM5", "SXM6", "PCIE", "OAM", "NVL", "NVL72", "MEGA", "GENERATION"),
    *("HBM2", "HBM2E", "HBM3", "HBM3E", "GDDR6", "GDDR7"),
}


def of(gpu_type: str) -> GpuType | None:
    """What is known of a GPU type, in any of its usual spellings; None for one that is not in the table."""
    return _BY_WORDS.get(_words(gpu_type))


def _words(gpu_type: str) -> tuple[str, ...]:
    """``NVIDIA-H100-80GB-HBM3`` and ``H100 SXM`` are both ``H100``."""
    spaced = "".join(c if c.isalnum() else " " for c in gpu_type.upper())
    return tuple(word for word in spaced.split() if word not in _LEFT_OUT and not _is_size(word))


def _is_size(word: str) -> bool:
    return word == "GB" or (word.endswith(("GB", "G")) and word.rstrip("BG").isdecimal())


_BY_WORDS = {_words(name): known for name, known in TYPES.items()}
