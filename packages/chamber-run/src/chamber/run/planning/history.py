"""What the last run of a project was made from, so that a plan can tell what changed since."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from chamber.core.errors import ConfigurationError
from chamber.core.settings import home
from chamber.run.settings.writing import write

__all__ = ["LastRun", "changed", "plain", "read", "remember"]

_SCHEMA = 1


class LastRun(Struct, frozen=True, kw_only=True):
    """The inputs of the image that was last put into a repository."""

    schema: int = _SCHEMA
    #: As `chamber.run.images.environment.Environment.inputs` has them.
    environment: dict[str, Any]
    content_key: str


def read(directory: str, repository: str) -> LastRun | None:
    """The last run of the project in `directory` to `repository`; None: there was none, or it is not known."""
    with contextlib.suppress(OSError, msgspec.MsgspecError, ConfigurationError):
        last = msgspec.json.decode(_file(directory, repository).read_bytes(), type=LastRun)
        return last if last.schema == _SCHEMA else None
    return None


def remember(directory: str, repository: str, run: LastRun) -> None:
    """Keep what a run was made from. Where nothing can be kept, the next plan tells less."""
    with contextlib.suppress(OSError, ConfigurationError):
        file = _file(directory, repository)
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write(file, msgspec.json.encode(run).decode())


def changed(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """The inputs that differ, by name; of those that are mappings, such as files, which entries."""
    for name in sorted(before.keys() | now.keys()):
        old, new = before.get(name), now.get(name)
        if old == new:
            continue
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from changed(old, new)
        else:
            yield name


def plain(inputs: Mapping[str, object]) -> dict[str, Any]:
    """Inputs as they come back from a record."""
    told: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(inputs))
    return told


def _file(directory: str, repository: str) -> Path:
    name = hashlib.sha256(f"{directory}\0{repository}".encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return home() / "cache" / "runs" / f"{name}.json"
