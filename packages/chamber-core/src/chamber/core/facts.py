"""What there is to say of the fields of a value: those beyond their defaults, and those that hold times and floats."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import Any

import msgspec

__all__ = ["facts", "measures"]

_UNIONS = (typing.Union, types.UnionType)
#: What is neither a time nor a float.
_PLAIN = (str, int, list, dict, tuple, msgspec.Struct, types.NoneType)


def facts(value: msgspec.Struct) -> dict[str, Any]:
    """The fields that say something, by name: neither None nor their default. `extra` comes last, without its nulls."""
    defaults = _defaults(type(value))
    told = {name: held for name, default in defaults.items() if (held := getattr(value, name)) not in (None, default)}
    extra = {name: held for name, held in told.pop("extra", {}).items() if held is not None}
    return {**told, "extra": extra} if extra else told


@cache
def measures(kind: type[msgspec.Struct]) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    """The fields that can hold a time or a float, and what gets their values all at once."""
    names = tuple(f.name for f in msgspec.structs.fields(kind) if not _is_plain(f.type))
    if len(names) > 1:
        return names, attrgetter(*names)
    return names, lambda value: tuple(getattr(value, name) for name in names)


def _is_plain(annotation: Any) -> bool:
    """Whether a value of this type is neither a time nor a float."""
    if typing.get_origin(annotation) in _UNIONS:
        return all(_is_plain(alternative) for alternative in typing.get_args(annotation))
    kind = typing.get_origin(annotation) or annotation
    return isinstance(kind, type) and issubclass(kind, _PLAIN)


@cache
def _defaults(kind: type[msgspec.Struct]) -> dict[str, Any]:
    return {field.name: _default(field) for field in msgspec.structs.fields(kind)}


def _default(field: msgspec.structs.FieldInfo) -> Any:
    return field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
