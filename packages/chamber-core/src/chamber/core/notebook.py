"""Values as HTML, for notebooks: small tables without colours of their own; texts are escaped, and hold no secret."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any

import msgspec

from chamber.core.facts import facts
from chamber.core.redaction import redacted

__all__ = ["described", "fields", "listed", "table"]

Facts = Mapping[str, Any]

#: So many rows of a table, and so many characters of a text, are shown.
_ROWS, _CHARACTERS = 100, 200
#: Texts of a table up to this length stay on one line.
_SHORT = 40

_LINE = "border:0;border-bottom:1px solid rgba(128,128,128,.35);"
_CELL = f"{_LINE}padding:.2em .7em;text-align:left;vertical-align:top;background:none;color:inherit"
_FIGURE = _CELL.replace("left", "right") + ";font-variant-numeric:tabular-nums"
_UNBROKEN = ";white-space:nowrap"
_TABLE = "border-collapse:collapse;border:0;margin:.3em 0;font-size:90%;color:inherit;background:none"
_CAPTION = "caption-side:top;text-align:left;padding:.2em .7em;font-weight:bold;color:inherit"


def described(value: msgspec.Struct) -> str:
    """One value as a table of its fields."""
    return fields(type(value).__name__, facts(value))


def fields(title: str, told: Facts) -> str:
    """Names and what they stand for, a row each. A list of values becomes a table within."""
    lines = [_row(_cell("th", _text(name)), _cell("td", _nested(held))) for name, held in told.items()]
    return _table(title, lines)


def table(title: str, rows: Sequence[object]) -> str:
    """Values as a table: a row each, and a column for each field that any of them has."""
    every = [_facts(row) for row in rows]
    names = _columns(rows, every)
    lines = [_row(*(_value(row.get(name)) for name in names)) for row in every[:_ROWS]]
    head = _row(*(_cell("th", _text(name)) for name in names)) if names else ""
    cut = f"the first {_ROWS} of {len(every)}" if len(every) > _ROWS else ""
    return _table(": ".join(filter(None, (title, cut))), lines, head)


def listed(items: Sequence[object], total: int | None = None) -> str:
    """Items as a table that says how many they are, and of how many."""
    kinds = sorted({type(item).__name__ for item in items}) or ["item"]
    count = len(items) if total is None else total
    noun = " and ".join(_plural(kind, count) for kind in kinds)
    return table(f"{len(items)} {noun}" if total is None else f"{len(items)} of {total} {noun}", items)


def _plural(kind: str, count: int) -> str:
    """The name of a class as a word, for so many of them."""
    words = "".join(f" {sign.lower()}" if sign.isupper() else sign for sign in kind).strip()
    return words if count == 1 else f"{words}s"


def _columns(rows: Sequence[object], every: Sequence[Facts]) -> list[str]:
    """The names that any row has, in the order in which its kind declares them."""
    declared = (name for kind in dict.fromkeys(map(type, rows)) for name in getattr(kind, "__struct_fields__", ()))
    had = dict.fromkeys(name for row in every for name in row if name != "extra")
    return [name for name in dict.fromkeys((*declared, *had)) if name in had]


def _facts(row: object) -> Facts:
    if isinstance(row, msgspec.Struct):
        return facts(row)
    return row if isinstance(row, Mapping) else {"": row}


def _table(title: str, lines: Sequence[str], head: str = "") -> str:
    caption = f'<caption style="{_CAPTION}">{escape(title)}</caption>' if title else ""
    return f'<table style="{_TABLE}">{caption}<thead>{head}</thead><tbody>{"".join(lines)}</tbody></table>'


def _row(*cells: str) -> str:
    return f'<tr style="background:none">{"".join(cells)}</tr>'


def _cell(tag: str, html: str, style: str = _CELL) -> str:
    return f'<{tag} style="{style}">{html}</{tag}>'


def _value(held: Any) -> str:
    text = _text(held)
    is_figure = isinstance(held, int | float) and not isinstance(held, bool)
    return _cell("td", text, (_FIGURE if is_figure else _CELL) + (_UNBROKEN if len(text) <= _SHORT else ""))


def _nested(held: Any) -> str:
    if isinstance(held, list | tuple) and held and all(isinstance(item, msgspec.Struct) for item in held):
        return table("", held)
    return _text(held)


def _text(held: Any) -> str:
    text = redacted(_plain(held))
    return escape(text if len(text) <= _CHARACTERS else f"{text[: _CHARACTERS - 1]}…")


def _plain(held: Any) -> str:
    match held:
        case None:
            return ""
        case datetime():
            return f"{held:%Y-%m-%d %H:%M:%S %Z}".strip()
        case float():
            return f"{held:,.6g}"
        case msgspec.Struct():
            return _plain(facts(held))
        case dict():
            return ", ".join(f"{name} {_plain(item)}" for name, item in held.items())
        case [msgspec.Struct(), *_]:
            return f"{len(held)} {type(held[0]).__name__}"
        case list() | tuple():
            return ", ".join(map(_plain, held))
    return str(held)
