"""Lists and dicts as any other, which a notebook shows as tables."""

from __future__ import annotations

from typing import TypeVar

__all__ = ["Listed", "Named"]

T = TypeVar("T")


class Listed(list[T]):
    """A list that a notebook shows as a table: a row for each item. What is made of it is a plain list."""

    def _repr_html_(self) -> str:
        from chamber.core import notebook

        return notebook.listed(self)


class Named(dict[str, T]):
    """A dict that a notebook shows as a table: a row for each name."""

    def _repr_html_(self) -> str:
        from chamber.core import notebook

        return notebook.fields("", self)
