"""Arguments → query string or request body."""

from __future__ import annotations

import contextlib
import math
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec

from chamber.core.errors import ValidationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["encode_body", "encode_query"]


def encode_query(parameters: Mapping[str, object] | None) -> str:
    """A query string; None is left out, lists are comma-joined, times become RFC 3339 in UTC.

    Raises ValidationError: a value cannot be written in one.
    """
    with _writing("a query"):
        return urlencode({name: _text(value) for name, value in (parameters or {}).items() if value is not None})


def encode_body(fields: Mapping[str, object]) -> bytes:
    """A JSON object; None is left out.

    Raises ValidationError: a value cannot be written as JSON.
    """
    with _writing("JSON"):
        return msgspec.json.encode({name: _plain(value) for name, value in fields.items() if value is not None})


@contextlib.contextmanager
def _writing(what: str) -> Iterator[None]:
    try:
        yield
    except (TypeError, ValueError, OverflowError) as error:
        raise ValidationError(f"The request cannot be written as {what}: {error}") from None
    except RecursionError:
        raise ValidationError(f"The request cannot be written as {what}: a value holds itself") from None


def _text(value: object) -> str:
    plain = _plain(value)
    if isinstance(plain, list):
        return ",".join(_text(item) for item in plain)
    if isinstance(plain, bool):
        return "true" if plain else "false"
    if isinstance(plain, dict):
        raise TypeError("a mapping is no text")
    return str(plain)


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} is no number there")
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return aware.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value
