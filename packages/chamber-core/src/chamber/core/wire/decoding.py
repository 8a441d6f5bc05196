"""Answer → model, whatever the dialect."""

from __future__ import annotations

import typing
from typing import Any, TypeVar, cast

import msgspec

from chamber.core.models import Model, PaginatedResponse, WorkloadSearchResult
from chamber.core.wire.answers import Answer, not_understood, parse
from chamber.core.wire.spelling import Spelling, camel, spelling

__all__ = ["NotUnderstood", "decode", "understood"]

T = TypeVar("T")

_WRAPPERS = ("data", "body")
_LISTS = ("items", "results", "data", "body")
_PAGE_FACTS = ("next_token", "next_cursor", "total_count", "returned_count", "has_more")


class NotUnderstood(Exception):
    """Why a value is not the model that was asked for."""


def decode(answer: Answer, kind: type[T]) -> T:
    """An answer as `kind`: a model, ``list[Model]``, ``PaginatedResponse[Model]`` or ``dict``.

    Or a class that reads for itself: its class method ``__from_wire__`` takes the object or list inside the
    envelopes, and raises NotUnderstood.

    Raises UnexpectedResponseError: the answer is not such a thing.
    """
    value = parse(answer)
    try:
        return understood(value, kind)
    except NotUnderstood as why:
        raise not_understood(answer, f"which is not understood: {why}") from None
    except RecursionError:
        raise not_understood(answer, "which is nested too deeply") from None


def understood(value: Any, kind: type[T]) -> T:
    """A JSON value as `kind`, as in `decode`. Raises NotUnderstood: it is not such a thing."""
    try:
        return cast("T", _understood(value, kind))
    except msgspec.ValidationError as why:
        raise NotUnderstood(str(why)) from None


def _understood(value: Any, kind: Any) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if read := getattr(kind, "__from_wire__", None):
        return read(_contents(value))
    if origin is list:
        return _list(value, arguments[0])[0]
    if origin is PaginatedResponse:
        return _page(value, arguments[0])
    if kind is WorkloadSearchResult:
        return _search(value)
    if kind is dict or origin is dict:
        return _mapping(value)
    return _model(_unwrapped(value, kind), kind)


def _model(value: Any, model: type[Model]) -> Model:
    if value == {}:
        raise NotUnderstood(f"{model.__name__} is empty")
    return msgspec.convert(_shaped(value, model), model, strict=False)


def _shaped(value: Any, model: type[Model]) -> Any:
    """The fields of a model under our names, the unknown ones under `extra`, nulls left out."""
    known = spelling(model)
    if not isinstance(value, dict):
        raise NotUnderstood(f"{model.__name__} is an object, not {_noun(value)}")
    fields, extra = _named(_flattened(value, model), known)
    if complete := getattr(model, "__complete__", None):
        fields = complete(fields)
    if missing := [name for name in known.required if name not in fields]:
        raise NotUnderstood(f"{model.__name__} has no {', '.join(missing)} (it has {_keys(value)})")
    if value and value.keys().isdisjoint((*known.fields, *model.__nested__)):
        words = ", ".join(dict.fromkeys(known.fields.values()))
        raise NotUnderstood(f"{model.__name__} has none of {words} (it has {_keys(value)})")
    return {**fields, **_children(fields, known.children), "extra": extra}


def _named(value: dict[str, Any], known: Spelling) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields that a model knows under our names, and the others as they came."""
    fields: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    for key, item in value.items():
        if (name := known.fields.get(key)) is None:
            extra[key] = item
        elif item is not None and (name not in fields or key == name):
            fields[name] = item
    return fields, extra


def _flattened(value: dict[str, Any], model: type[Model]) -> dict[str, Any]:
    """An object together with what it keeps in objects that the model calls nested."""
    flat = {key: item for key, item in value.items() if key not in model.__nested__}
    for key in model.__nested__:
        inner = value.get(key)
        if not isinstance(inner, dict | None):
            raise NotUnderstood(f"{key} of {model.__name__} is an object, not {_noun(inner)}")
        flat |= {name: item for name, item in (inner or {}).items() if flat.get(name) is None}
    return flat


def _children(fields: dict[str, Any], children: dict[str, type[Model]]) -> dict[str, Any]:
    return {
        name: [_shaped(item, child) for item in value] if isinstance(value, list) else _shaped(value, child)
        for name, child in children.items()
        if (value := fields.get(name)) is not None
    }


def _unwrapped(value: Any, model: type[Model]) -> Any:
    """The object inside the envelopes; one that has all that the model needs is in none."""
    known = spelling(model)
    if not isinstance(value, dict) or (
        known.required and {*known.required} <= {known.fields.get(key) for key in value}
    ):
        return value
    for key in (*_WRAPPERS, *model.__envelopes__):
        if key not in known.fields and isinstance(value.get(key), dict):
            return _unwrapped(value[key], model)
    return value


def _is_whole(value: dict[str, Any], known: Spelling) -> bool:
    return bool(known.required) and {*known.required} <= {known.fields.get(key) for key in value}


def _mapping(value: Any) -> dict[str, Any]:
    while isinstance(value, dict) and isinstance(inner := value.get("data", value.get("body")), dict):
        value = inner
    if not isinstance(value, dict):
        raise NotUnderstood(f"an object was expected, not {_noun(value)}")
    return value


def _contents(value: Any) -> Any:
    """The object or list inside the envelopes."""
    while isinstance(value, dict) and isinstance(inner := value.get("data", value.get("body")), dict | list):
        value = inner
    return value


def _list(value: Any, model: type[Model]) -> tuple[list[Model], dict[str, Any]]:
    """The models of a list, and what the answer says of the page that they make."""
    facts: dict[str, Any] = {}
    rows = _rows(value, (*model.__envelopes__, *_LISTS), facts)
    return [_model(row, model) for row in rows], facts


def _rows(value: Any, keys: tuple[str, ...], facts: dict[str, Any]) -> list[Any]:
    if isinstance(value, list):
        return value
    if not isinstance(value, dict):
        raise NotUnderstood(f"a list was expected, not {_noun(value)}")
    _note(value, facts)
    for key in keys:
        if isinstance(value.get(key), dict | list):
            return _rows(value[key], keys, facts)
    raise NotUnderstood(f"no list was found under {', '.join(keys)} (it has {_keys(value)})")


def _note(value: dict[str, Any], facts: dict[str, Any]) -> None:
    metadata = value.get("metadata")
    for source in (value, metadata if isinstance(metadata, dict) else {}):
        for fact in _PAGE_FACTS:
            found = source.get(fact, source.get(camel(fact)))
            if found is not None:
                facts[fact] = found


def _page(value: Any, model: type[Model]) -> PaginatedResponse[Any]:
    items, facts = _list(value, model)
    fields = {"items": items, "next_token": _cursor(facts), "total_count": facts.get("total_count")}
    return msgspec.convert(fields, PaginatedResponse[Any], strict=False)


def _search(value: Any) -> WorkloadSearchResult:
    from chamber.core.models import Workload

    items, facts = _list(value, Workload)
    cursor = _cursor(facts)
    facts = {"has_more": cursor is not None, **facts, "next_cursor": cursor, "items": items}
    return msgspec.convert(facts, WorkloadSearchResult, strict=False)


def _cursor(facts: dict[str, Any]) -> Any:
    """What the next page is asked for with: a text, or a number that is sent back as one."""
    cursor = facts.get("next_token") or facts.get("next_cursor") or None
    return str(cursor) if isinstance(cursor, int) else cursor


def _noun(value: Any) -> str:
    nouns = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return nouns.get(type(value), "a number")


def _keys(value: dict[str, Any]) -> str:
    return ", ".join(sorted(value)[:12]) or "nothing"
