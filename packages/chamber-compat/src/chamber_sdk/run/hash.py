"""A short hash of what a project is."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from chamber_sdk.extra import extra

__all__ = ["compute_project_hash"]

_DIGITS = 12


def compute_project_hash(directory: str | os.PathLike[str], extra_ignore: Collection[str] | None = None) -> str:
    """12 hexadecimal digits that are the same while the files are that go into the image: paths, modes and content."""
    with extra():
        from chamber.run.images.layers import plan_layers
        from chamber.run.project.files import select
    root = Path(directory).resolve()
    return plan_layers(root, select(root, sorted(extra_ignore or ())), ()).content_key[:_DIGITS]
