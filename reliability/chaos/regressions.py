"""Storms that once broke a promise: kept as files, and let blow again before any other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from reliability.chaos.storm import Storm

__all__ = ["FOLDER", "keep", "kept"]

FOLDER = Path(__file__).parent / "regressions"


def kept(folder: Path = FOLDER) -> list[Storm]:
    """The storms that are kept, by their seeds."""
    storms = (msgspec.json.decode(file.read_bytes(), type=Storm) for file in folder.glob("*.json"))
    return sorted(storms, key=lambda storm: storm.seed)


def keep(storm: Storm, violations: Mapping[str, Sequence[str]], folder: Path = FOLDER) -> Path:
    """Keep a storm, with what it broke."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"seed-{storm.seed}.json"
    content = {**msgspec.structs.asdict(storm), "replay": storm.replay, "broke": violations}
    file.write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=1) + b"\n")
    return file
