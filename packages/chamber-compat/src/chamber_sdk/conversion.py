"""Between plain data, the models of `chamber.core` and the dataclasses that users hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, fields
from datetime import datetime
from enum import Enum
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Self

from chamber.core.errors import UnexpectedResponseError
from chamber.core.redaction import redacted

if TYPE_CHECKING:
    import chamber.core

__all__ = ["Model"]


class Model:
    """Base of every dataclass that the API answers with; `module` has the model of the same name below."""

    _home: ClassVar[tuple[str, str]]
    if TYPE_CHECKING:
        __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    def __init_subclass__(cls, *, module: str | None = None) -> None:
        if module is not None:
            cls._home = (module, cls.__name__)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The model in an answer of the API, in any of its dialects, or in what `to_dict` gave.

        Raises UnexpectedResponseError: it is not such a model.
        """
        from chamber.core import wire

        try:
            return cls.of(wire.understood(dict(data), cls._kind()))
        except wire.NotUnderstood as why:
            raise UnexpectedResponseError(f"This is no {cls.__name__}: {why}") from None

    @classmethod
    def of(cls, model: chamber.core.Model) -> Self:
        """The model with what one of `chamber.core`, `chamber.metrics` or `chamber.admin` holds."""
        return cls(*[getattr(model, name) for name in cls.__dataclass_fields__])

    def to_dict(self) -> dict[str, Any]:
        """Plain data: texts, numbers, lists and dicts, with times as RFC 3339."""
        return {field.name: _plain(getattr(self, field.name)) for field in fields(self)}

    def __repr__(self) -> str:
        shown = ", ".join(f"{field.name}={getattr(self, field.name)!r}" for field in fields(self))
        return redacted(f"{type(self).__name__}({shown})")

    @classmethod
    def _kind(cls) -> type[chamber.core.Model]:
        module, name = cls._home
        found: type[chamber.core.Model] = getattr(import_module(module), name)
        return found


def _plain(value: Any) -> Any:
    if isinstance(value, Model):
        return value.to_dict()
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return {name: _plain(item) for name, item in value.items()} if isinstance(value, dict) else value
