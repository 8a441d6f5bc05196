"""One input of one target: whether it is answered, and in how much time and memory."""

from __future__ import annotations

import resource
import time

from chamber.core.errors import ChamberError
from reliability.fuzz.targets import TARGETS, Broken

__all__ = ["LARGEST", "check"]

#: Seconds of CPU, and bytes by which the process may grow, for one input.
LONGEST, LARGEST = 1.0, 256 << 20


def check(target: str, data: bytes) -> None:
    """Feeds `data` to the target. Raises Broken, or whatever foreign error comes out."""
    began, held = time.process_time(), _peak()
    try:
        TARGETS[target](data)
    except ChamberError as error:
        raise Broken(f"{type(error).__name__} is not one that may come here: {error}") from error
    took, grew = time.process_time() - began, _peak() - held
    if took > LONGEST:
        raise Broken(f"took {took:.2f} s")
    if grew > LARGEST:
        raise Broken(f"took {grew >> 20} MB")


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
