"""Cursors: where a page ended, as text that says nothing to the caller."""

import base64
import binascii
from typing import TypeVar

import msgspec

from chamber.local.api.errors import invalid

__all__ = ["from_cursor", "to_cursor"]

S = TypeVar("S", bound=msgspec.Struct)


def to_cursor(position: msgspec.Struct) -> str:
    """The cursor for a position."""
    return base64.urlsafe_b64encode(msgspec.json.encode(position)).decode().rstrip("=")


def from_cursor(field: str, cursor: str, kind: type[S]) -> S:
    """The position in a cursor. Raises ApiError 400."""
    try:
        text = base64.b64decode(cursor.encode() + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return msgspec.json.decode(text, type=kind)
    except (binascii.Error, UnicodeError, msgspec.DecodeError, RecursionError) as error:
        raise invalid(field, "is not a cursor of this API: begin at the first page") from error
