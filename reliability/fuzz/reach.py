"""Which inputs are worth storing: those that reach a line of ours which no shorter one reaches."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from types import FrameType
from typing import Any

from reliability.fuzz.targets import TARGETS

__all__ = ["reaching"]

_Line = tuple[str, int]


def reaching(target: str, inputs: Iterable[bytes]) -> list[bytes]:
    """The inputs that reach something of their own, the shortest first."""
    seen: set[_Line] = set()
    kept: list[bytes] = []
    for data in sorted(set(inputs), key=lambda data: (len(data), data)):
        lines = _lines(target, data)
        if lines - seen:
            seen |= lines
            kept.append(data)
    return kept


def _lines(target: str, data: bytes) -> set[_Line]:
    reached: set[_Line] = set()

    def trace(frame: FrameType, event: str, _argument: object) -> Any:
        file = frame.f_code.co_filename
        if "/chamber/" not in file:
            return None
        reached.add((file, frame.f_lineno))
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        TARGETS[target](data)
    except Exception:  # what is told of it is another's business
        reached.add((f"{target} fails", 0))
    finally:
        sys.settrace(before)
    return reached
