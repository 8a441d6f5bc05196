"""Writes a plan's files into the project, when that is asked for."""

from __future__ import annotations

import asyncio
from pathlib import Path

from chamber.core import writing
from chamber.core.errors import ConfigurationError
from chamber.run.planning.plan import DryRunResult

__all__ = ["DOCKERFILE", "MANIFEST", "save"]

DOCKERFILE = "Dockerfile.chamber"
MANIFEST = "manifest.chamber.yaml"


async def save(plan: DryRunResult, *, dockerfile: bool, manifest: bool) -> None:
    """Write the Dockerfile, and the manifest without values that may be secret, which only the owner may read.

    Raises ConfigurationError: the project's directory cannot be written to.
    """
    if dockerfile:
        await asyncio.to_thread(_write, Path(plan.directory, DOCKERFILE), plan.dockerfile, 0o644)
    if manifest:
        await asyncio.to_thread(_write, Path(plan.directory, MANIFEST), plan.shown_manifest, 0o600)


def _write(file: Path, text: str, mode: int) -> None:
    try:
        writing.clear(file.parent, file.name)
        writing.write(file, text.encode(), mode)
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be written: {error.strerror}") from None
