"""Kills this process at a point: the function is wrapped in the process that is to die, and nowhere else."""

from __future__ import annotations

import functools
import importlib
import inspect
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from reliability.crash.points import Point

__all__ = ["find", "set_for"]


def set_for(point: Point) -> None:
    """From now on this process dies at `point`."""
    owner, name = find(point.function)
    trap = _Trap(point)
    setattr(owner, name, trap.around(getattr(owner, name)))


def find(function: str) -> tuple[Any, str]:
    """What has the function, and under which name."""
    module, _, path = function.partition(":")
    owner: Any = importlib.import_module(module)
    *classes, name = path.split(".")
    for part in classes:
        owner = getattr(owner, part)
    return owner, name


class _Trap:
    def __init__(self, point: Point) -> None:
        self._point = point
        self._calls = 0

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def trapped(*arguments: Any, **named: Any) -> Any:
                hit = self._hit(arguments, named)
                result = await function(*arguments, **named)
                self._kill_if(hit)
                return result

        else:

            @functools.wraps(function)
            def trapped(*arguments: Any, **named: Any) -> Any:
                hit = self._hit(arguments, named)
                result = function(*arguments, **named)
                self._kill_if(hit)
                return result

        return trapped

    def _hit(self, arguments: tuple[Any, ...], named: dict[str, Any]) -> bool:
        """Whether this call is the one; does not return where it dies before it."""
        if self._point.match not in " ".join(map(_described, (*arguments, *named.values()))):
            return False
        self._calls += 1
        hit = self._calls == self._point.number
        if hit and self._point.when == "before":
            _die()
        return hit

    def _kill_if(self, hit: bool) -> None:
        if hit:
            _die()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _described(argument: Any) -> str:
    """A file by its path, a request and its answer by method and path."""
    if type(argument) is int:
        try:
            return str(Path(f"/proc/self/fd/{argument}").readlink())
        except OSError:
            return str(argument)
    request = getattr(getattr(argument, "_exchange", None), "request", argument)
    if hasattr(request, "method") and hasattr(request, "url"):
        return f"{request.method} /{str(request.url).split('/', 3)[-1]};"
    return str(argument)[:1_000]
