"""What a value says beyond its defaults: all that is worth showing of it."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

__all__ = ["facts"]


def facts(value: msgspec.Struct) -> dict[str, Any]:
    """The fields that say something, by name: neither None nor their default. `extra` comes last, without its nulls."""
    defaults = _defaults(type(value))
    told = {name: held for name, default in defaults.items() if (held := getattr(value, name)) not in (None, default)}
    extra = {name: held for name, held in told.pop("extra", {}).items() if held is not None}
    return {**told, "extra": extra} if extra else told


@cache
def _defaults(kind: type[msgspec.Struct]) -> dict[str, Any]:
    return {field.name: _default(field) for field in msgspec.structs.fields(kind)}


def _default(field: msgspec.structs.FieldInfo) -> Any:
    return field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
