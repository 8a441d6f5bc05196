"""Between rows and Structs whose fields are named as the columns are."""

import sqlite3
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import Enum
from typing import Any, TypeVar

import msgspec

from chamber.local.clock import stamp

__all__ = ["column", "insert", "to_struct", "to_structs"]

S = TypeVar("S", bound=msgspec.Struct)


def column(value: Any) -> Any:
    """A value as SQLite keeps it: moments and objects as text."""
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, dict):
        return msgspec.json.encode(value).decode()
    return value.value if isinstance(value, Enum) else value


def insert(connection: sqlite3.Connection, table: str, row: msgspec.Struct) -> None:
    """Adds one row. `table` is never a user's text."""
    values = {name: column(getattr(row, name)) for name in row.__struct_fields__}
    names, marks = ", ".join(values), ", ".join("?" * len(values))
    connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values()))  # noqa: S608


def to_struct(kind: type[S], row: sqlite3.Row) -> S:
    """The Struct that a row holds."""
    return msgspec.convert(_values(kind, dict(row)), kind, strict=False)


def to_structs(kind: type[S], rows: Iterable[sqlite3.Row]) -> tuple[S, ...]:
    """The Structs that rows hold, in their order."""
    return tuple(to_struct(kind, row) for row in rows)


def _values(kind: type[msgspec.Struct], row: Mapping[str, Any]) -> dict[str, Any]:
    objects = _object_fields(kind)
    return {name: msgspec.json.decode(value) if name in objects else value for name, value in row.items()}


def _object_fields(kind: type[msgspec.Struct]) -> frozenset[str]:
    return frozenset(f.name for f in msgspec.structs.fields(kind) if getattr(f.type, "__origin__", None) is dict)
