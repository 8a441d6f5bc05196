"""The OpenAPI 3.1 document of the API, made from the endpoints and the Structs that they decode and answer."""

import types
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, Union, get_args, get_origin

import msgspec
from aiohttp import web
from msgspec import NODEFAULT
from msgspec.structs import FieldInfo

from chamber.local.api.asked import StatusWord, When
from chamber.local.api.dialect import Dialect
from chamber.local.api.endpoints import Endpoint
from chamber.local.api.requests import separated, takes_text
from chamber.local.api.routes import ENDPOINTS

__all__ = ["document"]

Json = dict[str, Any]

_REFUSALS = {
    400: "Something in the request is wrong, or X-Organization-Id is needed; the answer names it",
    401: "The token is missing or wrong",
    403: "The token belongs to another organization, or its role does not permit this",
    404: "There is no such thing",
    409: "It cannot be done in the present state",
    413: "The body is too large",
    421: "The Host header names another server",
    422: "The Idempotency-Key was used for another payload",
    429: "Too many requests; Retry-After, where it is there, says when to come back",
    500: "chamber-local is broken",
}

_ORGANIZATION: Json = {
    "name": "X-Organization-Id",
    "in": "header",
    "description": "Needed by users of several organizations",
    "schema": {"type": "string", "format": "organization-id"},
}

_LOG_HEADERS: Json = {
    "X-Next-Offset": {"description": "Where to go on", "schema": {"type": "integer", "minimum": 0}},
    "X-Log-Ended": {"description": "Whether nothing follows", "schema": {"enum": ["true", "false"]}},
    "X-Log-Pods": {"description": "How many pods print", "schema": {"type": "integer", "minimum": 1}},
}


def document(dialect: Dialect, *, idempotency: bool) -> Json:
    """The whole document of one dialect."""
    schemas = _Schemas(dialect)
    paths: dict[str, Json] = {}
    for endpoint in ENDPOINTS:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, schemas, idempotency)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"Chamber on this machine, {dialect.name} dialect",
            "version": version("chamber-local"),
        },
        "servers": [{"url": "/v1"}],
        "paths": paths,
        "components": {
            "schemas": schemas.components(),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


class _Schemas:
    """The schemas of a dialect, collected while they are referred to."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self._components: Json = {}

    def of(self, kind: Any) -> Json:
        """The schema of a type. Structs of two kinds, which msgspec keeps apart by a tag only, are told as either."""
        if isinstance(kind, types.UnionType) and all(_is_struct(part) for part in get_args(kind)):
            return {"anyOf": [self.of(part) for part in get_args(kind)]}
        (schema,), components = msgspec.json.schema_components(
            [kind], schema_hook=self._own, ref_template="#/components/schemas/{name}"
        )
        self._components |= components
        return schema

    def components(self) -> Json:
        """What the schemas refer to."""
        return dict(sorted(self._components.items()))

    def _own(self, kind: type) -> Json:
        if kind is StatusWord:
            return {"enum": list(self.dialect.statuses)}
        if kind is When:
            return {"type": "string", "anyOf": [{"format": "date-time"}, {"format": "date"}]}
        raise NotImplementedError(kind)


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _operation(endpoint: Endpoint, schemas: _Schemas, idempotency: bool) -> Json:
    operation: Json = {
        "operationId": endpoint.handler.__name__,
        "summary": (endpoint.handler.__doc__ or "").strip().partition("\n")[0],
        "parameters": _parameters(endpoint, schemas, idempotency),
        "responses": _responses(endpoint, schemas, idempotency),
    }
    if endpoint.body:
        operation["requestBody"] = {"required": True, "content": _json(_body(endpoint.body, schemas))}
    if not endpoint.public:
        operation["security"] = [{"token": []}]
    return operation


def _body(kind: type[msgspec.Struct], schemas: _Schemas) -> Json:
    rules: Json = getattr(kind, "rules", {})
    return {**schemas.of(kind), **rules}


def _parameters(endpoint: Endpoint, schemas: _Schemas, idempotency: bool) -> list[Json]:
    in_path = [{"name": n, "in": "path", "required": True, "schema": {"type": "string"}} for n in endpoint.names]
    in_query = [_in_query(field, schemas) for field in _fields(endpoint.query)]
    headers = endpoint.headers if idempotency else None
    in_headers = [
        {"name": field.encode_name, "in": "header", "schema": _schema(field, schemas)} for field in _fields(headers)
    ]
    return [*in_path, *in_query, *in_headers, *([] if endpoint.public else [_ORGANIZATION])]


def _in_query(field: FieldInfo, schemas: _Schemas) -> Json:
    told: Json = {
        "name": schemas.dialect.parameter(field.encode_name),
        "in": "query",
        "required": field.default is NODEFAULT,
        "schema": _schema(field, schemas),
    }
    if not separated(field.type):
        return told
    some = {} if takes_text(field.type) else {"minItems": 1}
    return {**told, "schema": {**told["schema"], **some}, "style": "form", "explode": False}


def _schema(field: FieldInfo, schemas: _Schemas) -> Json:
    """The schema of a parameter, which cannot be null."""
    return schemas.of(_without_none(field.type))


def _without_none(kind: Any) -> Any:
    if get_origin(kind) not in {Union, types.UnionType}:
        return kind
    return Union[tuple(part for part in get_args(kind) if part not in {type(None), msgspec.UnsetType})]  # noqa: UP007


def _fields(kind: type[msgspec.Struct] | None) -> tuple[FieldInfo, ...]:
    return msgspec.structs.fields(kind) if kind else ()


def _responses(endpoint: Endpoint, schemas: _Schemas, idempotency: bool) -> Mapping[str, Json]:
    refusal = {"content": _json(schemas.of(schemas.dialect.refusal.wire))}
    refused = {str(status): {"description": _REFUSALS[status], **refusal} for status in _refused(endpoint, idempotency)}
    return {str(endpoint.status): _success(endpoint, schemas), **refused}


def _refused(endpoint: Endpoint, idempotency: bool) -> list[int]:
    own = set(endpoint.refuses) if idempotency or not endpoint.headers else set()
    if endpoint.names:
        own.add(404)
    if endpoint.body:
        own.add(413)
    if not endpoint.public:
        own |= {400, 401, 403, 429}
    return sorted({*own, 421, 500})


def _success(endpoint: Endpoint, schemas: _Schemas) -> Json:
    if endpoint.answers is web.Response:
        text = {"text/plain": {"schema": {"type": "string"}}}
        return {"description": "The output", "headers": _LOG_HEADERS, "content": text}
    shape = schemas.dialect.shapes[endpoint.answers]
    told: Json = {"description": "Done", "content": _json(schemas.of(shape.wire))}
    return {**told, "links": _links(endpoint, shape.made)} if shape.made and endpoint.method == "POST" else told


def _links(made_by: Endpoint, pointer: str) -> Json:
    """What can be done with the thing that was made: the endpoints below its own path."""
    return {
        endpoint.handler.__name__: {
            "operationId": endpoint.handler.__name__,
            "parameters": {endpoint.names[0]: f"$response.body#{pointer}"},
        }
        for endpoint in ENDPOINTS
        if endpoint.names and endpoint.path.startswith(f"{made_by.path}/{{")
    }


def _json(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}
