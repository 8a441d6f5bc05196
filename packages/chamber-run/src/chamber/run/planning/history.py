"""What the last run of a project was made from, so that a plan can tell what changed since."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from chamber.run import cache

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
    with contextlib.suppress(msgspec.MsgspecError):
        last = msgspec.json.decode(cache.read(_name(directory, repository)) or b"", type=LastRun)
        return last if last.schema == _SCHEMA else None
    return None


def remember(directory: str, repository: str, run: LastRun) -> None:
    """Keep what a run was made from. Where nothing can be kept, the next plan tells less."""
    cache.write(_name(directory, repository), msgspec.json.encode(run))


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


def _name(directory: str, repository: str) -> str:
    return cache.name_for("run", Path(directory, repository.replace("/", "_")))
