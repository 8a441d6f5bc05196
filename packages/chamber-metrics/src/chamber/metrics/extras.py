"""Packages that come with an extra, and are loaded by the first call that needs them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from chamber.core.errors import MissingExtraError

__all__ = ["extra"]


@contextmanager
def extra(name: str, package: str) -> Iterator[None]:
    """A stretch of code that imports `package`. Raises MissingExtraError: it cannot be imported."""
    try:
        yield
    except ImportError as error:
        raise MissingExtraError(
            f"This needs {package}, which cannot be imported ({error}): pip install 'chamber-metrics[{name}]'"
        ) from error
