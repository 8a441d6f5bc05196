"""Logging: structlog events, through the one redactor, into the standard library's ``chamber`` logger.

Quiet unless the application listens, and never on standard output by itself. structlog, which takes long to import,
is loaded with the first event that somebody listens for.
"""

from __future__ import annotations

import functools
import logging
import sys
from traceback import format_exception
from typing import TYPE_CHECKING, Any

from chamber.core.redaction import cleaned, redacted

if TYPE_CHECKING:
    import structlog

__all__ = ["Logger", "logger", "redacted_event"]

#: What `sys.exc_info` gives.
_INFO = ("type", "value", "traceback")

logging.getLogger("chamber").addHandler(logging.NullHandler())


def logger(name: str) -> Logger:
    """The logger of a module. Not touched by how the application configured structlog."""
    return Logger(name)


class Logger:
    """Takes events, each with its facts by name; the words of the standard library's levels."""

    def __init__(self, name: str) -> None:
        self._standard = logging.getLogger(name)

    def debug(self, event: str, **facts: Any) -> None:
        """What helps to find a mistake."""
        self._log(logging.DEBUG, event, facts)

    def info(self, event: str, **facts: Any) -> None:
        """What happened, as it should."""
        self._log(logging.INFO, event, facts)

    def warning(self, event: str, **facts: Any) -> None:
        """What somebody should know of."""
        self._log(logging.WARNING, event, facts)

    def error(self, event: str, **facts: Any) -> None:
        """What went wrong."""
        self._log(logging.ERROR, event, facts)

    def exception(self, event: str, **facts: Any) -> None:
        """What went wrong, with the exception that is handled."""
        self._log(logging.ERROR, event, {"exc_info": True, **facts})

    def _log(self, level: int, event: str, facts: dict[str, Any]) -> None:
        if not self._standard.isEnabledFor(level):
            return
        try:
            bound = self._bound
        except (ImportError, OSError):  # as where no descriptor is left to read it by
            self._standard.log(level, "%s", redacted(f"event={event!r} {facts}"))
        else:
            bound.log(level, event, **facts)

    @functools.cached_property
    def _bound(self) -> structlog.stdlib.BoundLogger:
        import structlog

        bound: structlog.stdlib.BoundLogger = structlog.wrap_logger(
            self._standard,
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
    line = str(_line()(called, method, event))
    return (f"{line}\n{traceback}" if traceback else line,), {"exc_info": False}


@functools.cache
def _line() -> structlog.typing.Processor:
    from structlog.processors import KeyValueRenderer

    return KeyValueRenderer(key_order=["event"])


def _raised(told: object) -> BaseException | None:
    """The exception that ``exc_info`` stands for: itself, what `sys.exc_info` gave, or the one that is handled."""
    if isinstance(told, BaseException):
        return told
    found = told[1] if isinstance(told, tuple) and len(told) == len(_INFO) else sys.exception() if told else None
    return found if isinstance(found, BaseException) else None
