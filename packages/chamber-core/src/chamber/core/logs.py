"""Logging: structlog events into the standard library's ``chamber`` logger, quiet unless the application listens."""

from __future__ import annotations

import logging

import structlog

__all__ = ["logger"]

logging.getLogger("chamber").addHandler(logging.NullHandler())


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of a module. Never prints by itself, whatever the application configured for structlog."""
    bound: structlog.stdlib.BoundLogger = structlog.wrap_logger(
        logging.getLogger(name),
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.processors.KeyValueRenderer(key_order=["event"]),
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return bound
