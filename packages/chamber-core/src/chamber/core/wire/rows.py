"""Rows that are all of one shape, as those of a listing are: read together, without looking at each field of each."""

from __future__ import annotations

import functools
from operator import itemgetter
from typing import Any, TypeVar

import msgspec

from chamber.core.models import Model
from chamber.core.wire.spelling import spelling

__all__ = ["alike"]

M = TypeVar("M", bound=Model)

_OBJECTS = {dict}


class _Shape(msgspec.Struct, frozen=True):
    """How rows with the same keys are read."""

    #: The field for each key, in their order; an unknown key stands for itself.
    names: tuple[str, ...]
    unknown: tuple[str, ...]
    #: Fields that are left out where they are null.
    sure: tuple[str, ...]


def alike(rows: list[Any], model: type[M]) -> list[M] | None:
    """The models of rows with the same keys; None: these rows need a closer look, or are wrong."""
    shapes = set(map(tuple, rows)) if set(map(type, rows)) == _OBJECTS else ()
    shape = _shape(model, *shapes) if len(shapes) == 1 else None
    if shape is None:
        return None
    named = [dict(zip(shape.names, row.values(), strict=False)) for row in rows]
    if "id" in shape.names and "" in map(itemgetter("id"), named):
        return None
    _leave_nulls_out(named, shape)
    for row in named if shape.unknown else ():
        row["extra"] = {key: row[key] for key in shape.unknown}
    try:
        return msgspec.convert(named, list[model], strict=False)  # type: ignore[valid-type]
    except msgspec.ValidationError:
        return None


def _leave_nulls_out(named: list[dict[str, Any]], shape: _Shape) -> None:
    for name in shape.sure:
        if None in map(itemgetter(name), named):
            for row in named:
                if row[name] is None:
                    del row[name]


@functools.lru_cache(maxsize=256)
def _shape(model: type[Model], keys: tuple[str, ...]) -> _Shape | None:
    """How rows with these keys are read; None: not all at once."""
    known = spelling(model)
    names = tuple(known.fields.get(key, key) for key in keys)
    fields = [known.fields[key] for key in keys if key in known.fields]
    is_simple = not (known.children or model.__nested__ or hasattr(model, "__complete__") or "extra" in keys)
    is_whole = bool(fields) and len(set(names)) == len(names) and set(known.required) <= set(fields)
    if not (is_simple and is_whole):
        return None
    unknown = tuple(key for key in keys if key not in known.fields)
    return _Shape(names, unknown, tuple(name for name in fields if name in known.sure and name not in known.required))
