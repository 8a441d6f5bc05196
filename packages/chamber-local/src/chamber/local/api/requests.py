"""From bodies and query parameters to Structs; what does not fit is a VALIDATION_ERROR that names the field."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypeVar

import msgspec
from aiohttp import web

from chamber.local.api.errors import ApiError, invalid
from chamber.local.bodies import read_body
from chamber.local.clock import parse

__all__ = ["BODY_LIMIT", "body", "decoded", "moment", "query", "words"]

#: The largest body that the API takes, in bytes: a manifest of 65,536 characters, escaped, and what goes with it.
BODY_LIMIT = 1 << 20

S = TypeVar("S")


async def body(request: web.Request, kind: type[S]) -> S:
    """The JSON body as a Struct. Raises ApiError 400."""
    content = await read_body(request, BODY_LIMIT)
    return decoded(content, kind)


def decoded(content: bytes, kind: type[S]) -> S:
    """A JSON text as a Struct. Raises ApiError 400."""
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.ValidationError as error:
        raise _refusal(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ApiError(400, "VALIDATION_ERROR", f"the body is not JSON: {error}") from error


def query(request: web.Request, kind: type[S]) -> S:
    """The query parameters as a Struct; empty ones count as absent. Raises ApiError 400."""
    given: Mapping[str, str] = {name: value for name, value in request.query.items() if value}
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _refusal(error) from error


def words(text: str | None) -> tuple[str, ...]:
    """The parts of a comma-joined list."""
    return tuple(word.strip() for word in (text or "").split(",") if word.strip())


def moment(field: str, *texts: str | None) -> datetime | None:
    """The first that was given, as a moment. Raises ApiError 400."""
    text = next((text for text in texts if text), None)
    try:
        return parse(text).astimezone(UTC) if text else None
    except (ValueError, OverflowError) as error:
        raise invalid(field, f"{text!r} is not a date of ISO 8601") from error


def _refusal(error: msgspec.ValidationError) -> ApiError:
    message, _, place = str(error).partition(" - at `$")
    field = place.rstrip("`").lstrip(".") or next(iter(re.findall(r"field `(\w+)`", message)), "body")
    return invalid(field, message)
