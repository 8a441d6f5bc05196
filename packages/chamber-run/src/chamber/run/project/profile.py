"""What a project is: the conclusions of detection, and what they rest on."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

__all__ = ["Evidence", "Framework", "Launcher", "Profile"]

Framework = Literal["pytorch", "tensorflow", "jax", "generic"]
Launcher = Literal["python", "torchrun", "accelerate", "deepspeed", "ray", "mpi"]


class Evidence(Struct, frozen=True):
    """What one conclusion rests on."""

    #: What was concluded upon: entrypoint, dependencies, framework, ...
    what: str
    #: The conclusion.
    value: str
    #: The file, with line or key, that says so.
    why: str
    #: The argument that corrects it.
    change: str


class Profile(Struct, frozen=True, kw_only=True):
    """How a project is started, and with what."""

    #: A file of the project or, for commands and notebooks, one that is made for its image; or ``-m package``.
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
    #: Whether the Dockerfile that makes the image says what is run; `entrypoint` is then its name.
    starts_itself: bool = False
    #: What each conclusion rests on; empty where a plugin drew them.
    evidence: tuple[Evidence, ...] = ()

    def explain(self) -> str:
        """Each conclusion as text: what was found, why, and the argument that changes it."""
        if not self.evidence:
            return f"entrypoint: {self.entrypoint}\n  a plugin says so; entrypoint=... changes it"
        return "\n".join(f"{one.what}: {one.value}\n  {one.why}; {one.change} changes it" for one in self.evidence)
