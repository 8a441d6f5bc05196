"""From bodies, queries and headers to Structs; what does not fit is a VALIDATION_ERROR that names the field."""

import re
from collections.abc import Mapping
from typing import Any, Literal, TypeVar, get_args, get_origin

import msgspec
from aiohttp import web

from chamber.core.unreadable import UNREADABLE
from chamber.local.api.dialect import Dialect
from chamber.local.api.errors import ApiError, invalid
from chamber.local.bodies import read_body

__all__ = ["BODY_LIMIT", "body", "headers", "query", "separated", "takes_text"]

#: The largest body that the API takes, in bytes: a manifest of 65,536 characters, escaped, and what goes with it.
BODY_LIMIT = 1 << 20

S = TypeVar("S", bound=msgspec.Struct)


async def body(request: web.Request, kind: type[S], dialect: Dialect) -> S:
    """The JSON body. Raises ApiError 400."""
    content = await read_body(request, BODY_LIMIT)
    try:
        return msgspec.convert(_with_whole_numbers(msgspec.json.decode(content)), kind, dec_hook=dialect.read)
    except msgspec.ValidationError as error:
        raise _refusal(error, kind, {}) from error
    except UNREADABLE as error:
        raise ApiError(400, "VALIDATION_ERROR", f"the body is not JSON: {error}") from error


def query(request: web.Request, kind: type[S], dialect: Dialect) -> S:
    """The query parameters. Raises ApiError 400."""
    names = {dialect.parameter(field.encode_name): field for field in msgspec.structs.fields(kind)}
    given: dict[str, Any] = {}
    for name, text in request.query.items():
        if (field := names.get(name)) is None:
            continue
        if field.encode_name in given:
            raise invalid(name, "is given more than once; join several values with commas")
        given[field.encode_name] = _value(name, text, field.type)
    return _converted(_without_empty(given), kind, dialect, {f.encode_name: name for name, f in names.items()})


def headers(request: web.Request, kind: type[S], dialect: Dialect) -> S:
    """The headers that a Struct has fields for. Raises ApiError 400."""
    names = [field.encode_name for field in msgspec.structs.fields(kind)]
    return _converted({name: request.headers[name] for name in names if name in request.headers}, kind, dialect, {})


def separated(kind: Any) -> bool:
    """True for a type whose values are joined with commas in a query."""
    return _admits(kind, tuple)


def takes_text(kind: Any) -> bool:
    """True for a type whose values, joined with commas, may be any text."""
    return any(takes_text(part) for part in get_args(kind)) or kind is str


def _admits(kind: Any, wanted: type) -> bool:
    """True when a type is the wanted one, or a union or an annotation of it."""
    if kind is wanted or get_origin(kind) is wanted:
        return True
    return get_origin(kind) is not tuple and any(_admits(part, wanted) for part in get_args(kind))


def _with_whole_numbers(value: Any) -> Any:
    """JSON knows no difference between 1 and 1.0 (RFC 8259, section 6); the fields that count do."""
    if not isinstance(value, dict):
        return value
    return {k: int(v) if isinstance(v, float) and v.is_integer() else v for k, v in value.items()}


def _value(name: str, text: str, kind: Any) -> str | list[str]:
    if separated(kind):
        return [word.strip() for word in text.split(",") if word.strip()] if takes_text(kind) else text.split(",")
    if text.lower() in {"", "null"} and not _admits(kind, str):
        raise invalid(name, "is empty: leave it out, or give it a value")
    return text


def _without_empty(given: Mapping[str, Any]) -> dict[str, Any]:
    """An empty text counts as absent, as it does when a form is sent."""
    return {name: value for name, value in given.items() if value}


def _converted(given: Mapping[str, Any], kind: type[S], dialect: Dialect, names: Mapping[str, str]) -> S:
    try:
        return msgspec.convert(given, kind, strict=False, dec_hook=dialect.read)
    except msgspec.ValidationError as error:
        raise _refusal(error, kind, names) from error


def _refusal(error: msgspec.ValidationError, kind: type[msgspec.Struct], names: Mapping[str, str]) -> ApiError:
    message, _, place = str(error).partition(" - at `$")
    missing = re.findall(r"field `([\w-]+)`", message)
    field = re.sub(r"\[.*?\]", "", place.rstrip("`")).lstrip(".") or next(iter(missing), "body")
    return invalid(names.get(field, field), message + _known(kind, field) * message.startswith("Invalid enum"))


def _known(kind: type[msgspec.Struct], name: str) -> str:
    """What a field admits, when it admits certain words only."""
    field = next((field for field in msgspec.structs.fields(kind) if field.encode_name == name), None)
    words = _literals(field.type) if field else ()
    return f"; there is {', '.join(words)}" if words else ""


def _literals(kind: Any) -> tuple[str, ...]:
    if get_origin(kind) is Literal:
        return get_args(kind)
    return next((found for part in get_args(kind) if (found := _literals(part))), ())
