"""What comes with the extra ``run``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from chamber.core.errors import MissingExtraError

__all__ = ["extra"]


@contextmanager
def extra() -> Iterator[None]:
    """A stretch of code that imports `chamber.run`. Raises MissingExtraError: it is not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        if not str(error.name).startswith("chamber.run"):
            raise
        raise MissingExtraError(
            "This needs chamber-run, which is not installed: pip install 'chamber-compat[run]'"
        ) from None
