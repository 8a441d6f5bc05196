"""Logging: structlog events, through the one redactor, into the standard library's ``chamber`` logger.

Quiet unless the application listens, and never on standard output by itself.
"""

from __future__ import annotations

import logging
import sys
from traceback import format_exception
from typing import Any

import structlog

from chamber.core.redaction import cleaned, redacted

__all__ = ["logger", "redacted_event"]

#: What `sys.exc_info` gives.
_INFO = ("type", "value", "traceback")

logging.getLogger("chamber").addHandler(logging.NullHandler())


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of a module. Not touched by how the application configured structlog."""
    bound: structlog.stdlib.BoundLogger = structlog.wrap_logger(
        logging.getLogger(name),
        processors=[
            structlog.stdlib.filter_by_level,
            redacted_event,
            _rendered,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return bound


def redacted_event(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """The event without secrets; a structlog processor, also for applications. An exception becomes its traceback."""
    error = _raised(event.get("exc_info"))
    told = {name: value for name, value in event.items() if name != "exc_info"} if error else event
    clean: structlog.typing.EventDict = cleaned(dict(told))
    return {**clean, "exception": redacted("".join(format_exception(error)).rstrip())} if error else clean


def _rendered(called: Any, method: str, event: structlog.typing.EventDict) -> tuple[tuple[str, ...], dict[str, Any]]:
    """One line, and below it the traceback that belongs to it, to which the standard library is to add none."""
    traceback = event.pop("exception", None)
    line = str(_line(called, method, event))
    return (f"{line}\n{traceback}" if traceback else line,), {"exc_info": False}


_line = structlog.processors.KeyValueRenderer(key_order=["event"])


def _raised(told: object) -> BaseException | None:
    """The exception that ``exc_info`` stands for: itself, what `sys.exc_info` gave, or the one that is handled."""
    if isinstance(told, BaseException):
        return told
    found = told[1] if isinstance(told, tuple) and len(told) == len(_INFO) else sys.exception() if told else None
    return found if isinstance(found, BaseException) else None
