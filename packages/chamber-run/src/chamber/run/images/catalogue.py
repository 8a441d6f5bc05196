"""The base images that are known here, and what each of them ships: one table.

The frameworks' are NVIDIA's own builds from catalog.ngc.nvidia.com. Tags, CUDA, Python and framework versions come
from NVIDIA's release notes (docs.nvidia.com/deeplearning/frameworks/<framework>-release-notes/rel-YY-MM.html), its
support matrix (docs.nvidia.com/deeplearning/frameworks/support-matrix), and the compatibility table of the Triton
server (github.com/triton-inference-server/server, docs/introduction/compatibility.md), which is built on the same
containers. A version that none of them states, nor a listing made in the image, is "": shipped, in a version not known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from chamber.core.errors import ConfigurationError
from chamber.run.reference import Reference

if TYPE_CHECKING:
    from chamber.run.project.profile import Framework

__all__ = ["FRAMEWORKS", "PACKAGE", "PYTHONS", "SLIM", "Row", "capability_of", "is_slim", "row_of"]

_AMD64 = ("linux/amd64",)
_BOTH = ("linux/amd64", "linux/arm64")
_PYTORCH = dict.fromkeys(("apex", "flash-attn", "torchvision", "transformer-engine", "triton"), "")
_TENSORFLOW = dict.fromkeys(("horovod", "tensorboard", "tf-keras"), "")
_JAX = dict.fromkeys(("jaxlib", "transformer-engine"), "")


class Row(Struct, frozen=True):
    """An image of the table."""

    reference: str
    #: ``major.minor``
    python: str
    #: ``(major, minor)``
    cuda: tuple[int, int]
    #: The distributions that are built for this image, by canonical name; "" where the version is not known.
    ships: dict[str, str]
    platforms: tuple[str, ...] = _AMD64

    @property
    def capabilities(self) -> tuple[float, float]:
        """The lowest and the highest CUDA compute capability that it is built for.

        CUDA 12.8 brought Blackwell (10.x, 12.x; what is built for 10.0 runs on 10.3: CUDA programming guide, "Binary
        compatibility"). CUDA 13.0 dropped Volta (7.0), which the frameworks' own builds do from 12.8 on (CUDA toolkit
        release notes; pytorch/pytorch#157517).
        """
        return (7.5, 12.1) if self.cuda >= (12, 8) else (7.0, 9.0)


def _pytorch(
    release: str, torch: str, cuda: tuple[int, int], python: str, platforms: tuple[str, ...] = _AMD64, **more: str
) -> Row:
    ships = {**_PYTORCH, "torch": torch, **{name.replace("_", "-"): version for name, version in more.items()}}
    return Row(f"nvcr.io/nvidia/pytorch:{release}-py3", python, cuda, ships, platforms)


#: Newest first.
FRAMEWORKS: dict[Framework, tuple[Row, ...]] = {
    "pytorch": (
        _pytorch("25.12", "2.10.0a0+b4e4ee81d3.nv25.12", (13, 1), "3.12", _BOTH),
        _pytorch("25.10", "2.9.0a0+145a3a7bda.nv25.10", (13, 0), "3.12", _BOTH),
        _pytorch("25.08", "2.8.0a0+34c6371d24.nv25.8", (13, 0), "3.12", _BOTH, torchvision="0.23.0a0+428a54c9"),
        _pytorch("25.06", "2.8.0a0+5228986c39.nv25.6", (12, 9), "3.12", _BOTH),
        _pytorch("25.04", "2.7.0a0+79aa17489c.nv25.4", (12, 9), "3.12", _BOTH),
        _pytorch("25.03", "2.7.0a0+7c8ec84dab.nv25.3", (12, 8), "3.12", _BOTH, triton="3.2.0", numpy="1.26.4"),
        _pytorch("25.01", "2.6.0a0+ecf3bae40a.nv25.1", (12, 8), "3.12", _BOTH, triton="3.1.0", numpy="1.26.4"),
        _pytorch("24.11", "2.6.0a0+df5bbc09d1.nv24.11", (12, 6), "3.12"),
        _pytorch("24.10", "2.5.0a0+e000cf0ad9.nv24.10", (12, 6), "3.10", numpy="1.26.4"),
        _pytorch("24.07", "2.4.0a0+3bcc3cddb5.nv24.7", (12, 5), "3.10"),
        _pytorch("24.05", "2.4.0a0+07cecf4168.nv24.5", (12, 4), "3.10"),
        _pytorch("24.03", "2.3.0a0+40ec155e58.nv24.3", (12, 4), "3.10"),
    ),
    "tensorflow": (
        Row(
            "nvcr.io/nvidia/tensorflow:25.02-tf2-py3",
            "3.12",
            (12, 8),
            {
                "horovod": "0.28.1+nv25.2",
                "keras": "3.3.2",
                "numpy": "1.26.4",
                "tensorboard": "2.17.1",
                "tensorflow": "2.17.0+nv25.2",
                "tf-keras": "2.17.0",
            },
        ),
        Row(
            "nvcr.io/nvidia/tensorflow:24.08-tf2-py3",
            "3.10",
            (12, 6),
            {**_TENSORFLOW, "tensorflow": "2.16.1+nv24.8"},
        ),
    ),
    "jax": (Row("nvcr.io/nvidia/jax:25.04-py3", "3.12", (12, 9), {**_JAX, "jax": "0.5.3"}, _AMD64),),
    "generic": (),
}

#: The distribution that a framework is.
PACKAGE: dict[Framework, str] = {"pytorch": "torch", "tensorflow": "tensorflow", "jax": "jax"}

#: Where nothing tuned is asked for, or nothing fits: docker.io/library/python, variant slim.
SLIM = "docker.io/library/python:{python}-slim"
#: The versions of Python that it comes with (hub.docker.com/_/python).
PYTHONS = ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14")

#: CUDA compute capability by GPU type (developer.nvidia.com/cuda-gpus).
_CAPABILITIES = {
    "V100": 7.0,
    "T4": 7.5,
    "A100": 8.0,
    "A30": 8.0,
    "A10": 8.6,
    "A10G": 8.6,
    "A40": 8.6,
    "L4": 8.9,
    "L40": 8.9,
    "L40S": 8.9,
    "GH200": 9.0,
    "H100": 9.0,
    "H200": 9.0,
    "B200": 10.0,
    "GB200": 10.0,
    "B300": 10.3,
    "GB300": 10.3,
}


def capability_of(gpu_type: str) -> float | None:
    """The CUDA compute capability of a type of GPU, such as H100 or A100-80GB; None where it is not known."""
    name = gpu_type.upper().replace("_", "-").replace(" ", "-").removeprefix("NVIDIA-")
    return _CAPABILITIES.get(name.partition("-")[0])


def row_of(reference: str) -> Row | None:
    """The row of an image, by its name and tag; None for an image that is not in the table."""
    named = _tagged(reference)
    return next((row for rows in FRAMEWORKS.values() for row in rows if row.reference == named), None)


def is_slim(reference: str) -> bool:
    """Whether this is one of the table's images with Python and nothing else."""
    return _tagged(reference) in {SLIM.format(python=python) for python in PYTHONS}


def _tagged(reference: str) -> str | None:
    try:
        parsed = Reference.parse(reference)
    except ConfigurationError:
        return None
    return f"{parsed.name}:{parsed.tag}"
