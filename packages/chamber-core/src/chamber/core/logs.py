"""Logging: structlog events, through the one redactor, into the standard library's ``chamber`` logger.

Quiet unless the application listens, and never on standard output by itself.
"""

from __future__ import annotations

import logging
from typing import Any

import structlog

from chamber.core.redaction import redacted

__all__ = ["logger", "redacted_event"]

logging.getLogger("chamber").addHandler(logging.NullHandler())


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of a module. Not touched by how the application configured structlog."""
    bound: structlog.stdlib.BoundLogger = structlog.wrap_logger(
        logging.getLogger(name),
        processors=[
            structlog.stdlib.filter_by_level,
            redacted_event,
            structlog.processors.KeyValueRenderer(key_order=["event"]),
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return bound


def redacted_event(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """The event without secrets; a structlog processor, also for applications."""
    return {name: _clean(value) for name, value in event.items()}


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, dict):
        return {name: _clean(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value if isinstance(value, int | float | bool | None) else redacted(repr(value))
