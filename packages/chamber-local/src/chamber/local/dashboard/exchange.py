"""From queries to Structs, and from Structs and refusals to JSON."""

from typing import Any, TypeVar, get_origin

import msgspec
from aiohttp import web

from chamber.local.api.errors import ApiError, invalid
from chamber.local.dashboard.files import HEADERS

__all__ = ["DATA", "asked", "refused", "told"]

#: Headers of everything that is no file.
DATA = {**HEADERS, "Cache-Control": "no-store"}

S = TypeVar("S", bound=msgspec.Struct)


def asked(request: web.Request, kind: type[S]) -> S:
    """The query parameters; one for several values is given several times. Raises ApiError 400."""
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    given: dict[str, Any] = {
        name: request.query.getall(name) if get_origin(fields[name].type) is tuple else request.query[name]
        for name in set(request.query) & set(fields)
    }
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise invalid("query", str(error)) from error


def told(value: msgspec.Struct) -> web.Response:
    """An answer in JSON."""
    return web.Response(body=msgspec.json.encode(value), content_type="application/json", headers=DATA)


def refused(error: ApiError) -> web.Response:
    """A refusal in JSON: its code, and what to tell the user."""
    body = msgspec.json.encode({"code": error.code, "message": error.message})
    return web.Response(
        status=error.status, body=body, content_type="application/json", headers={**DATA, **error.headers}
    )
