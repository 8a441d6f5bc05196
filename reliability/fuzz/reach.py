"""Which inputs are worth storing: those that go from one line of ours to another as no shorter one does."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from types import FrameType
from typing import Any

from reliability.fuzz.targets import TARGETS

__all__ = ["reaching"]

_Line = tuple[str, int]
_Step = tuple[_Line, _Line]


def reaching(target: str, inputs: Iterable[bytes]) -> list[bytes]:
    """The inputs that reach something of their own, the shortest first."""
    seen: set[_Step] = set()
    kept: list[bytes] = []
    for data in sorted(set(inputs), key=lambda data: (len(data), data)):
        steps = _steps(target, data)
        if steps - seen:
            seen |= steps
            kept.append(data)
    return kept


def _steps(target: str, data: bytes) -> set[_Step]:
    reached: set[_Step] = set()
    last: _Line = ("", 0)

    def trace(frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal last
        file = frame.f_code.co_filename
        if "/chamber/" not in file:
            return None
        here = (file, frame.f_lineno)
        reached.add((last, here))
        last = here
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        TARGETS[target](data)
    except Exception:  # what is told of it is another's business
        reached.add((last, (f"{target} fails", 0)))
    finally:
        sys.settrace(before)
    return reached
