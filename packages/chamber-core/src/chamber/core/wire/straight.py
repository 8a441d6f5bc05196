"""The rows of a long list straight from bytes into models, where all have the keys that the first one has.

They are read into a class of their own, the model with its fields under those keys, and are the model's from then on.
That class refuses whatever the careful way reads in another way: a further key or one less, a text for a number, a null
where the model has none.
"""

from __future__ import annotations

import functools
import json
import types
import typing
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import chain
from operator import attrgetter
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec.structs import FieldInfo, force_setattr

from chamber.core.enums import OpenEnum
from chamber.core.models import Model
from chamber.core.unreadable import UNREADABLE
from chamber.core.wire.counting import hides_none, members
from chamber.core.wire.spelling import spelling

__all__ = ["is_one", "read", "split"]

M = TypeVar("M", bound=Model)

#: A list of fewer bytes is not worth a class of its own.
_LONG = 4096
_UNIONS = (typing.Union, types.UnionType)
_SCALARS = (str, int, float, datetime, types.NoneType)

_any_row = json.JSONDecoder()
_zone = attrgetter("tzinfo")


class _Shape(msgspec.Struct, frozen=True):
    """How rows with the same keys are read."""

    decode: Callable[[bytes], list[Any]]
    #: How many keys a row has.
    width: int
    #: What gets the fields of a row that hold times, and those that hold objects or lists.
    times: tuple[attrgetter[Any], ...]
    containers: tuple[attrgetter[Any], ...]
    #: Fields whose words come in another spelling than the members of their enumeration have.
    words: tuple[tuple[str, type[OpenEnum]], ...]


def split(body: bytes) -> tuple[bytes, bytes] | None:
    """What is around the list of an answer, with an empty list in its place, and the list; None: there is no long one.

    Where both are JSON, they are what was taken apart: no other list can be around this one.
    """
    start, end = body.find(b"["), body.rfind(b"]") + 1
    if end - start < _LONG or start < 0:
        return None
    return b"%b[]%b" % (body[:start], body[end:]), body[start:end]


def is_one(rows: bytes) -> bool:
    """Whether what was split off is surely one list, and not empty, if it is JSON: it has no other end."""
    return b"{" in rows and rows.find(b"]") == len(rows) - 1


def read(rows: bytes, model: type[M]) -> tuple[list[M], bool] | None:
    """The models of a list, and whether no object of it surely names a key twice.

    None: these rows need a closer look, or are wrong.
    """
    try:
        first = _first(rows)
        shape = _shape(model, frozenset(first), _otherwise_spelt(first, model))
        if shape is None:
            return None
        found = shape.decode(rows)
        is_sure = _names_each_once(rows, found, shape)
        return _settled(found, model, shape), is_sure
    except (*UNREADABLE, ValueError):
        return None


def _first(rows: bytes) -> dict[str, Any]:
    text = rows.decode()
    row, _ = _any_row.raw_decode(text, text.index("{"))
    return typing.cast("dict[str, Any]", row)


def _settled(found: list[Any], model: type[M], shape: _Shape) -> list[M]:
    """The rows as the model's own. Raises ValueError: a time is none in UTC, or a word is empty."""
    for name, kind in shape.words:
        words = list(map(attrgetter(name), found))
        members = {word: None if word is None else kind(word) for word in set(words)}
        for row, word in zip(found, words, strict=True):
            force_setattr(row, name, members[word])
    for row in found:
        force_setattr(row, "__class__", model)
    zones = set(map(_zone, filter(None, _columns(found, shape.times))))
    if not (zones <= {UTC} and model.__post_init__ is Model.__post_init__):
        for row in found:
            row.__post_init__()
    return found


def _names_each_once(rows: bytes, found: Sequence[Any], shape: _Shape) -> bool:
    """Whether there is no more in the bytes than in what was read of them.

    A list or an object has a bracket, and a comma for each member but one. Where there are as many of these as the
    members need, no key is there for a second time, and no text holds any; an escape could hide one.
    """
    held = [list(map(container, found)) for container in shape.containers]
    within = members(msgspec.json.encode(held)) - max(len(held), 1) - len(held) * len(found)
    return hides_none(rows) and members(rows) == len(found) * (1 + shape.width) + within


def _columns(found: Sequence[Any], fields: Sequence[attrgetter[Any]]) -> chain[Any]:
    return chain.from_iterable(map(field, found) for field in fields)


def _otherwise_spelt(row: dict[str, Any], model: type[Model]) -> frozenset[str]:
    """The fields of which a row has a word that is not spelt as the member is, which msgspec would look up slowly."""
    fields, kinds = spelling(model).fields, _enumerations(model)
    told = ((fields[key], word) for key, word in row.items() if key in fields and isinstance(word, str))
    return frozenset(name for name, word in told if name in kinds and word not in kinds[name].__members__)


@functools.lru_cache(maxsize=64)
def _shape(model: type[Model], keys: frozenset[str], otherwise: frozenset[str]) -> _Shape | None:
    """How rows with these keys are read, and these fields in another spelling; None: not in this way."""
    known = spelling(model)
    names = {known.fields[key]: key for key in keys if key in known.fields}
    is_simple = not (known.children or model.__nested__ or hasattr(model, "__complete__"))
    if not (is_simple and len(names) == len(keys) and names.keys() >= set(known.required)):
        return None
    fields = msgspec.structs.fields(model)
    kinds = {field.name: field.type for field in fields if field.name in names}
    kinds |= {name: str | None if types.NoneType in _alternatives(kinds[name]) else str for name in otherwise}
    kind = msgspec.defstruct(
        model.__name__,
        [_required(f.name, kinds[f.name]) if f.name in names else _refused(f) for f in fields],
        bases=(model,),
        rename=names,
        namespace={"__post_init__": _unsettled},
        frozen=True,
        kw_only=True,
        forbid_unknown_fields=True,
    )
    return _Shape(
        decode=msgspec.json.Decoder(list[kind]).decode,  # type: ignore[valid-type]
        width=len(keys),
        times=tuple(attrgetter(name) for name, kind in kinds.items() if datetime in _alternatives(kind)),
        containers=tuple(attrgetter(name) for name, kind in kinds.items() if not _is_scalar(kind)),
        words=tuple((name, _enumerations(model)[name]) for name in sorted(otherwise)),
    )


@functools.cache
def _enumerations(model: type[Model]) -> dict[str, type[OpenEnum]]:
    """Field → the enumeration of its words."""
    told = ((field.name, kind) for field in msgspec.structs.fields(model) for kind in _alternatives(field.type))
    return {name: kind for name, kind in told if isinstance(kind, type) and issubclass(kind, OpenEnum)}


def _unsettled(_row: Model) -> None:
    """The rows are settled together."""


def _required(name: str, kind: Any) -> tuple[str, Any]:
    return name, Annotated[kind, msgspec.Meta(min_length=1)] if name == "id" else kind


def _refused(field: FieldInfo) -> tuple[str, Any, Any]:
    """A field that no row may have: nothing of JSON is of its type."""
    if field.default_factory is msgspec.NODEFAULT:
        return field.name, msgspec.UnsetType, field.default
    return field.name, msgspec.UnsetType, msgspec.field(default_factory=field.default_factory)


def _is_scalar(annotation: Any) -> bool:
    return all(isinstance(kind, type) and issubclass(kind, _SCALARS) for kind in _alternatives(annotation))


def _alternatives(annotation: Any) -> tuple[Any, ...]:
    return typing.get_args(annotation) if typing.get_origin(annotation) in _UNIONS else (annotation,)
