"""The arguments of `run()` as `chamber.run` takes them, where it is stricter or leaves more to the API."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chamber_sdk.run.project_config import load_chamber_config

if TYPE_CHECKING:
    import os

__all__ = ["translated"]

#: The priority of a job by its class, where nobody says another: a convention of the API.
_PRIORITIES = {"RESERVED": 100, "ELASTIC": 50}


def translated(directory: str | os.PathLike[str], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What a run of `directory` with these arguments is for `chamber.run`.

    Variables may be of any kind, a base image without a registry is Docker Hub's, a Dockerfile is looked for in the
    working directory too, and a job has the priority of its class.
    """
    file = load_chamber_config(directory) or {}
    job_class = str(arguments.get("job_class") or file.get("job_class") or "ELASTIC").upper()
    base_image = arguments.get("base_image") or file.get("base_image")
    said = {
        **arguments,
        "env": {name: str(value) for name, value in (arguments.get("env") or {}).items()},
        "base_image": base_image and _with_registry(base_image),
        "dockerfile": arguments.get("dockerfile") and _in_project(Path(directory), Path(arguments["dockerfile"])),
        "priority": file.get("priority", _PRIORITIES.get(job_class)),
    }
    return {name: value for name, value in said.items() if value is not None and value != {}}


def _with_registry(image: str) -> str:
    """``python:3.11`` as ``docker.io/library/python:3.11``, as every engine reads it."""
    first, slash, _ = image.partition("/")
    if slash and (first == "localhost" or "." in first or ":" in first):
        return image
    return f"docker.io/{image}" if slash else f"docker.io/library/{image}"


def _in_project(project: Path, dockerfile: Path) -> str:
    """A Dockerfile of the working directory by its path in the project, or else its whole path."""
    if not dockerfile.is_file():
        return str(dockerfile)
    found, root = dockerfile.resolve(), project.resolve()
    return found.relative_to(root).as_posix() if found.is_relative_to(root) else str(found)
