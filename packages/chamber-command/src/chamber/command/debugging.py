"""What ``--debug`` tells beside errors: each answer of the API, and what the packages log; without secrets."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping

from chamber.core.hooks import hookimpl
from chamber.core.plugins import manager
from chamber.core.redaction import redacted

__all__ = ["Listener", "listen"]

_NAME = "chamber-command --debug"


class Listener:
    """A plugin that tells of each answer."""

    @staticmethod
    @hookimpl
    def chamber_response(method: str, url: str, status: int, headers: Mapping[str, str], elapsed: float) -> None:
        """A line for an answer, with the id by which the API's own logs know it."""
        request = headers.get("X-Request-Id") or headers.get("x-request-id")
        _tell(f"{method} {url} → {status} in {elapsed:.3f} s" + (f", request {request}" if request else ""))


def listen() -> Callable[[], None]:
    """Tell from now on; what is returned ends that."""
    log, handler = logging.getLogger("chamber"), _Handler()
    level = log.level

    def stop() -> None:
        manager().unregister(name=_NAME)
        log.removeHandler(handler)
        log.setLevel(level)

    manager().register(Listener, _NAME)
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
    return stop


class _Handler(logging.Handler):
    """Writes to what is standard error now; the events were cleaned of secrets where they were made."""

    def emit(self, record: logging.LogRecord) -> None:
        _tell(f"{record.name}: {record.getMessage()}")


def _tell(line: str) -> None:
    sys.stderr.write(f"debug: {redacted(line)}\n")
