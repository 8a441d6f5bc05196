"""Answer → model, whatever the dialect."""

from __future__ import annotations

import contextlib
import functools
import typing
from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast

import msgspec

from chamber.core.errors import UnexpectedResponseError
from chamber.core.models import Model, PaginatedResponse, Workload, WorkloadSearchResult
from chamber.core.wire import straight
from chamber.core.wire.answers import Answer, not_understood, parse
from chamber.core.wire.rows import alike
from chamber.core.wire.spelling import Spelling, camel, spelling

__all__ = ["NotUnderstood", "Unread", "decode", "understood"]

T = TypeVar("T")
M = TypeVar("M", bound=Model)
#: Makes the models of rows.
_Reading = Callable[[list[Any], type[Any]], list[Any]]

_WRAPPERS = ("data", "body")
_LISTS = ("items", "results", "data", "body")


class NotUnderstood(Exception):
    """Why a value is not the model that was asked for."""


class _Facts(msgspec.Struct, frozen=True):
    """What an answer says of a page."""

    next_token: str | int | None = None
    next_cursor: str | int | None = None
    total_count: int | None = None
    returned_count: int | None = None
    has_more: bool | None = None

    @property
    def cursor(self) -> str | None:
        """What the next page is asked for with; a number is sent back as a text."""
        found = self.next_token or self.next_cursor
        return str(found) if found else None


class Unread(Generic[M]):
    """A page whose items are read when they are wanted, so that the next one can be asked for before.

    It counts as false where it is empty.
    """

    def __init__(self, next_token: str | None, items: Callable[[], list[M]], *, is_empty: bool = False) -> None:
        self.next_token = next_token
        #: Reads them. Raises UnexpectedResponseError: they are not understood.
        self.items = items
        self._is_empty = is_empty

    def __bool__(self) -> bool:
        return not self._is_empty


_FACTS = tuple((fact, camel(fact)) for fact in _Facts.__struct_fields__)


def decode(answer: Answer, kind: type[T]) -> T:
    """An answer as `kind`: a model, ``list[Model]``, ``PaginatedResponse[Model]``, ``Unread[Model]`` or ``dict``.

    Or a class that reads for itself: its class method ``__from_wire__`` takes the object or list inside the
    envelopes, and raises NotUnderstood.

    Raises UnexpectedResponseError: the answer is not such a thing.
    """
    if (unread := _read_later(kind)) is not None:
        return cast("T", _unread(answer, unread))
    if (listed := _straight(answer, kind)) is not None:
        return cast("T", listed)
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


def _straight(answer: Answer, kind: Any) -> Any:
    """A long list; None: it needs a closer look, is wrong, or is not what was asked for."""
    model = _listed(kind)
    if model is None or (parts := straight.split(answer.body)) is None:
        return None
    around, rows = parts
    if (found := straight.read(rows, model)) is None:
        return None
    items, is_sure = found
    try:
        if not is_sure:
            parse(answer)
        return _around(answer, around, kind, items)
    except (UnexpectedResponseError, NotUnderstood, msgspec.ValidationError):
        return None


def _unread(answer: Answer, model: type[M]) -> Unread[M]:
    kind: type[PaginatedResponse[M]] = PaginatedResponse[model]  # type: ignore[valid-type]
    parts = straight.split(answer.body)
    if parts is not None and straight.is_one(parts[1]):
        with contextlib.suppress(UnexpectedResponseError, NotUnderstood, msgspec.ValidationError):
            around = _around(answer, parts[0], kind, [])
            return Unread(around.next_token, lambda: decode(answer, kind).items)
    page = decode(answer, kind)
    return Unread(page.next_token, lambda: page.items, is_empty=not page.items)


def _read_later(kind: Any) -> type[Model] | None:
    """The model of which `kind` is an unread page."""
    origin, arguments = _parts(kind)
    return arguments[0] if origin is Unread else None


def _around(answer: Answer, around: bytes, kind: Any, items: list[Any]) -> Any:
    """What is around a list, with its items in it."""
    return _understood(parse(msgspec.structs.replace(answer, body=around)), kind, lambda _rows, _model: items)


def _listed(kind: Any) -> type[Model] | None:
    """The model of which `kind` is a list or a page."""
    origin, arguments = _parts(kind)
    if kind is WorkloadSearchResult:
        return Workload
    return arguments[0] if origin in (list, PaginatedResponse) else None


def _each(rows: list[Any], model: type[M]) -> list[M]:
    found = alike(rows, model)
    return [_model(row, model) for row in rows] if found is None else found


def _understood(value: Any, kind: Any, read: _Reading = _each) -> Any:
    origin, arguments = _parts(kind)
    if from_wire := getattr(kind, "__from_wire__", None):
        return from_wire(_contents(value))
    if origin is list:
        return _list(value, arguments[0], read)[0]
    if origin is PaginatedResponse:
        return _page(value, arguments[0], read)
    if kind is WorkloadSearchResult:
        return _search(value, read)
    if kind is dict or origin is dict:
        return _mapping(value)
    return _model(_unwrapped(value, kind), kind)


@functools.lru_cache(maxsize=256)
def _parts(kind: Any) -> tuple[Any, tuple[Any, ...]]:
    """The class and the parameters of a generic type."""
    return typing.get_origin(kind), typing.get_args(kind)


def _model(value: Any, model: type[M]) -> M:
    if (found := alike([value], model)) is not None:
        return found[0]
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
        elif _says(item, name, known) and (name not in fields or key == name):
            fields[name] = item
    return fields, extra


def _says(item: Any, name: str, known: Spelling) -> bool:
    return item is not None and (item != "" or name in known.texts)


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
    """The object inside the envelopes; one that has all that the model requires is in none."""
    known = spelling(model)
    if not isinstance(value, dict) or _suffices(value, known):
        return value
    for key in (*_WRAPPERS, *model.__envelopes__):
        if key not in known.fields and isinstance(value.get(key), dict):
            return _unwrapped(value[key], model)
    return value


def _suffices(value: dict[str, Any], known: Spelling) -> bool:
    """Whether an object has all that a model requires, if it requires anything."""
    return bool(known.required) and set(map(known.fields.get, value)).issuperset(known.required)


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


def _list(value: Any, model: type[M], read: _Reading) -> tuple[list[M], dict[str, Any]]:
    """The models of a list, and what the answer says of the page that they make."""
    facts: dict[str, Any] = {}
    rows = _rows(value, (*model.__envelopes__, *_LISTS), facts)
    return read(rows, model), facts


def _rows(value: Any, keys: tuple[str, ...], facts: dict[str, Any]) -> list[Any]:
    if isinstance(value, list):
        return value
    if not isinstance(value, dict):
        raise NotUnderstood(f"a list was expected, not {_noun(value)}")
    if value.get("error"):
        raise NotUnderstood("it tells of an error beside the list")
    _note(value, facts)
    for key in keys:
        if isinstance(value.get(key), dict | list):
            return _rows(value[key], keys, facts)
    raise NotUnderstood(f"no list was found under {', '.join(keys)} (it has {_keys(value)})")


def _note(value: dict[str, Any], facts: dict[str, Any]) -> None:
    metadata = value.get("metadata")
    for source in (value, metadata if isinstance(metadata, dict) else {}):
        for fact, camelled in _FACTS:
            found = source.get(fact, source.get(camelled))
            if found is not None:
                facts[fact] = found


def _page(value: Any, model: type[M], read: _Reading) -> PaginatedResponse[M]:
    items, told = _list(value, model, read)
    facts = msgspec.convert(told, _Facts, strict=False)
    return PaginatedResponse(items=items, next_token=facts.cursor, total_count=facts.total_count)


def _search(value: Any, read: _Reading) -> WorkloadSearchResult:
    items, told = _list(value, Workload, read)
    facts = msgspec.convert(told, _Facts, strict=False)
    cursor = facts.cursor
    return WorkloadSearchResult(
        items=items,
        total_count=facts.total_count,
        returned_count=facts.returned_count,
        has_more=bool(cursor) if facts.has_more is None else facts.has_more,
        next_cursor=cursor,
    )


def _noun(value: Any) -> str:
    nouns = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return nouns.get(type(value), "a number")


def _keys(value: dict[str, Any]) -> str:
    return ", ".join(sorted(value)[:12]) or "nothing"
