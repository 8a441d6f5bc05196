"""What a project is: the conclusions of detection."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

__all__ = ["Framework", "Launcher", "Profile"]

Framework = Literal["pytorch", "tensorflow", "jax", "generic"]
Launcher = Literal["python", "torchrun", "accelerate", "deepspeed", "ray", "mpi"]


class Evidence(Struct, frozen=True, kw_only=True):
    """A conclusion, why it was drawn, and the argument that draws another."""

    what: str
    value: str
    why: str
    change: str


class Profile(Struct, frozen=True, kw_only=True):
    """How a project is started, and with what."""

    #: A file of the project, or ``-m package``.
    entrypoint: str
    framework: Framework = "generic"
    #: Files that say what the project needs, relative to it, in the order they were found.
    dependency_files: tuple[str, ...] = ()
    #: The requirements file that is installed, where there is one.
    requirements_file: str | None = None
    #: ``major.minor``, where the project says.
    python_version: str | None = None
    #: The versions of Python that the project accepts, as a PEP 440 specifier.
    requires_python: str | None = None
    #: What starts the processes on a node.
    launcher: Launcher = "python"
    uses_ray: bool = False
    uses_deepspeed: bool = False
    uses_accelerate: bool = False
    uses_horovod: bool = False
    has_dockerfile: bool = False
    evidence: tuple[Evidence, ...] = ()
