"""Event loops that print nothing: uvloop's where it is installed."""

from __future__ import annotations

import asyncio
import importlib
import logging
from traceback import format_exception
from typing import TYPE_CHECKING, Any, TypeVar

from chamber.core.redaction import redacted

if TYPE_CHECKING:
    from collections.abc import Coroutine

__all__ = ["new_loop", "run_here"]

T = TypeVar("T")

_log = logging.getLogger(__name__)


def new_loop() -> asyncio.AbstractEventLoop:
    """One that has not begun. Raises OSError: there is no descriptor left for it."""
    try:
        maker = importlib.import_module("uvloop")
    except ImportError:
        maker = asyncio
    loop: asyncio.AbstractEventLoop = maker.new_event_loop()
    loop.set_exception_handler(_note)
    return loop


def run_here(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in a loop of its own: the interpreter is exiting, and the one of the process has ended."""
    with asyncio.Runner(loop_factory=new_loop) as runner:
        return runner.run(coroutine)


def _note(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What nobody waits for is told to those who listen for it, such as a client that was never closed."""
    if _log.isEnabledFor(logging.DEBUG):
        error = context.get("exception")
        _log.debug("%s", redacted("\n".join([context["message"], *(format_exception(error) if error else ())])))
