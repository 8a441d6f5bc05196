"""Requirements files that are a complete closure: made of lock files, installed without resolving.

    name==version [; marker] [--hash=algorithm:digits ...]

One requirement a line, or a line continued by a backslash (pip, "Requirements File Format").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from chamber.run.images.catalogue import Row

__all__ = ["all_hashed", "left_out", "without", "without_hashes"]

#: What the wheels of torch, tensorflow and jax bring of CUDA, without the ``-cu12`` of some of their names.
_CUDA = {
    "cuda-bindings",
    "cuda-pathfinder",
    "cuda-toolkit",
    "jax-cuda12-pjrt",
    "jax-cuda12-plugin",
    "nvidia-cublas",
    "nvidia-cuda-cccl",
    "nvidia-cuda-cupti",
    "nvidia-cuda-nvcc",
    "nvidia-cuda-nvrtc",
    "nvidia-cuda-runtime",
    "nvidia-cudnn",
    "nvidia-cufft",
    "nvidia-cufile",
    "nvidia-curand",
    "nvidia-cusolver",
    "nvidia-cusparse",
    "nvidia-cusparselt",
    "nvidia-nccl",
    "nvidia-nvjitlink",
    "nvidia-nvshmem",
    "nvidia-nvtx",
    "nvidia-nvvm",
}
_FRAMEWORKS = {"jax", "tensorflow", "torch"}


class _Entry(Struct, frozen=True):
    text: str
    requirement: Requirement | None

    @property
    def name(self) -> str:
        return canonicalize_name(self.requirement.name) if self.requirement else ""

    @property
    def is_hashed(self) -> bool:
        return " --hash=" in self.text


def left_out(content: bytes, row: Row) -> dict[str, str]:
    """What a base image ships of a locked file, so that it is not installed: the locked requirement, by name."""
    entries = {entry.name: entry for entry in _entries(content) if entry.requirement}
    framework = any(name in row.ships for name in entries.keys() & _FRAMEWORKS)
    return {
        name: str(entry.requirement)
        for name, entry in entries.items()
        if name in row.ships or (framework and _of_cuda(name))
    }


def without(content: bytes, names: Collection[str]) -> bytes:
    """A locked file less these distributions; the same bytes where it has none of them."""
    entries = list(_entries(content))
    if not any(entry.name in names for entry in entries):
        return content
    return _rendered(entry.text for entry in entries if entry.name not in names)


def all_hashed(content: bytes) -> bool:
    """Whether each requirement has a hash, and there are some."""
    entries = [entry for entry in _entries(content) if entry.requirement]
    return bool(entries) and all(entry.is_hashed for entry in entries)


def without_hashes(content: bytes) -> bytes:
    """For pip, which wants either all requirements with hashes or none: the same bytes if they are, else none."""
    entries = list(_entries(content))
    if all_hashed(content) or not any(entry.is_hashed for entry in entries):
        return content
    return _rendered(entry.text.partition(" --hash=")[0].rstrip() for entry in entries)


def _rendered(lines: Iterator[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _entries(content: bytes) -> Iterator[_Entry]:
    for line in content.decode("utf-8", errors="replace").replace("\\\n", " ").splitlines():
        text = " ".join(line.split())
        if text and not text.startswith("#"):
            yield _Entry(text, _requirement(text.partition(" --hash=")[0]))


def _requirement(text: str) -> Requirement | None:
    try:
        return Requirement(text.partition(" #")[0])
    except InvalidRequirement:
        return None


def _of_cuda(name: str) -> bool:
    stem, _, suffix = name.rpartition("-cu")
    return name in _CUDA or (suffix.isdigit() and stem in _CUDA)
