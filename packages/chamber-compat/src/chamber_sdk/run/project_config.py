"""``.chamber.yaml`` and the environment variables that it names."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from chamber_sdk.extra import extra

__all__ = ["load_chamber_config", "resolve_env_vars"]


def load_chamber_config(directory: str | os.PathLike[str]) -> dict[str, Any] | None:
    """The settings in the project's ``.chamber.yaml`` or ``.chamber.yml``; None when there is no such file.

    Raises ValueError: the file is broken, has an unknown key or a value of the wrong kind.
    """
    with extra():
        from chamber.run.settings import project_file
    found = project_file.read(Path(directory))
    return None if found.name is None else dict(found.values)


def resolve_env_vars(env: Mapping[str, str] | None = None, forward_env: Sequence[str] | None = None) -> dict[str, str]:
    """`env`, and of this process's environment the variables that `forward_env` names and `env` does not."""
    forwarded = {name: os.environ[name] for name in forward_env or () if name in os.environ}
    return {**forwarded, **(env or {})}
