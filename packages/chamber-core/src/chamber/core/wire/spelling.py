"""How the API spells the fields of a model, found out once for each model."""

from __future__ import annotations

import functools
import re
import types
import typing
from typing import Any

import msgspec

from chamber.core.models import Model

__all__ = ["Spelling", "camel", "spelling"]

_UNIONS = (typing.Union, types.UnionType)
_NEXT_WORD = re.compile(r"_([a-z0-9])")


class Spelling(msgspec.Struct, frozen=True):
    """The spellings of one model's fields."""

    #: Any spelling → field.
    fields: dict[str, str]
    #: Field → the model that it holds, one or a list of them.
    children: dict[str, type[Model]]
    #: Fields without which an answer is not such a model.
    required: tuple[str, ...]
    #: Fields in which an empty text is a value; in any other it is like null.
    texts: frozenset[str]
    #: Fields that hold something else than null where an answer is silent.
    sure: frozenset[str]


@functools.cache
def spelling(model: type[Model]) -> Spelling:
    """The spellings of a model's fields."""
    known = {f.name: f for f in msgspec.structs.fields(model) if f.name != "extra"}
    spellings = {name: name for name in known} | dict(model.__aliases__)
    children = {name: child for name, f in known.items() if (child := _child(f.type))}
    return Spelling(
        fields={camel(s): name for s, name in spellings.items()} | spellings,
        children=children,
        required=tuple(name for name, f in known.items() if f.required),
        texts=frozenset(name for name, f in known.items() if name != "id" and _is_text(f.type)),
        sure=frozenset(name for name, f in known.items() if f.default is not None),
    )


def camel(name: str) -> str:
    """``requested_gpus`` as ``requestedGpus``."""
    return _NEXT_WORD.sub(lambda match: match[1].upper(), name)


def _is_text(annotation: Any) -> bool:
    alternatives = typing.get_args(annotation) if typing.get_origin(annotation) in _UNIONS else ()
    return annotation is str or str in alternatives


def _child(annotation: Any) -> type[Model] | None:
    if isinstance(annotation, type) and issubclass(annotation, Model):
        return annotation
    if typing.get_origin(annotation) in (list, *_UNIONS):
        found = (_child(argument) for argument in typing.get_args(annotation))
        return next((child for child in found if child), None)
    return None
