"""The images that projects are put on where nothing else is asked for: one table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from chamber.run.project.detection.python import DEFAULT_PYTHON
from chamber.run.reference import Reference
from chamber.run.targets import BaseImage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chamber.run.project.profile import Framework

__all__ = ["BASES", "Base", "default_base", "warnings_about"]


class Base(Struct, frozen=True):
    """An image of the table, and the Python in it; None: whichever is asked for."""

    reference: str
    python: str | None = None


#: The frameworks' are NVIDIA's own builds, from catalog.ngc.nvidia.com.
BASES: dict[Framework, Base] = {
    "pytorch": Base("nvcr.io/nvidia/pytorch:25.12-py3", "3.12"),
    "tensorflow": Base("nvcr.io/nvidia/tensorflow:25.02-tf2-py3", "3.12"),
    "jax": Base("nvcr.io/nvidia/jax:25.04-py3", "3.12"),
    "generic": Base("docker.io/library/python:{python}-slim"),
}

_MOVING_TAGS = {"dev", "devel", "edge", "latest", "main", "master", "nightly", "stable"}


def default_base(framework: Framework, python_version: str | None) -> BaseImage:
    """The image of the table for a framework and a version of Python."""
    return BaseImage(BASES[framework].reference.format(python=python_version or DEFAULT_PYTHON))


def warnings_about(base: BaseImage, python_version: str | None) -> Iterator[str]:
    """What a reader of the plan should know of a base image."""
    reference = Reference.parse(base.reference)
    if not reference.digest and (reference.tag or "latest") in _MOVING_TAGS and not base.recipe:
        yield (
            f"{base.reference} is a moving tag: an environment built on it is used again although the tag has moved "
            "on. Name a version or a digest; no_cache=True builds anew"
        )
    table = next((b for b in BASES.values() if b.reference == base.reference and b.python), None)
    if table and python_version and not f"{python_version}.".startswith(f"{table.python}."):
        yield f"The project wants Python {python_version}, and {base.reference} has {table.python}"
