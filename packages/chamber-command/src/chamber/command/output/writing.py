"""Writes results in the format that was asked for, each row as soon as it is there."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from chamber.command.output.cells import cell, printable
from chamber.command.output.plain import names, plain

if TYPE_CHECKING:
    from chamber.command.output.columns import Columns
    from chamber.command.session import Session

__all__ = ["every", "one", "parts", "sentences"]


def one(session: Session, value: Any, columns: Columns | None = None) -> None:
    """One value: an object, or a line for each of its fields."""
    if session.format in {"json", "yaml"}:
        _whole(session, plain(value))
    elif session.format == "jsonl":
        _json_line(plain(value))
    elif session.format == "csv":
        _csv(session, [value])
    elif session.is_terminal:
        from chamber.command.output import tables

        tables.one(value, columns)
    else:
        for name, held in _fields(value, columns):
            click.echo(f"{name}\t{held}")


def every(session: Session, values: Iterable[Any], columns: Columns | None, nothing: str) -> None:
    """Values: a list of objects, or a row each."""
    if session.format in {"json", "yaml"}:
        _whole(session, [plain(value) for value in values])
    elif session.format == "jsonl":
        for value in values:
            _json_line(plain(value))
    elif session.format == "csv":
        _csv(session, values)
    elif session.is_terminal:
        from chamber.command.output import tables

        tables.every(values, columns, nothing)
    else:
        _tabs(values, columns)


def parts(session: Session, whole: Any, rows: Iterable[Any], columns: Columns, text: str | None) -> None:
    """A value that is best shown by its parts."""
    if session.format in {"json", "yaml"}:
        _whole(session, plain(whole))
    elif session.format == "table" and session.is_terminal and text is not None:
        click.echo(text)
    else:
        every(session, rows, columns, "There is nothing to show")


def sentences(session: Session, text: str) -> None:
    """A text for reading, which a terminal breaks between words."""
    lines = map(printable, text.splitlines())
    if session.is_terminal:
        from chamber.command.output import tables

        tables.sentences(lines)
    else:
        click.echo("\n".join(lines))


def _whole(session: Session, value: Any) -> None:
    if session.format == "yaml":
        import yaml

        click.echo(yaml.safe_dump(value, sort_keys=False, allow_unicode=True), nl=False)
    else:
        click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def _json_line(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False))


def _tabs(values: Iterable[Any], columns: Columns | None) -> None:
    """A line of headings, and then a line for each value. Nothing is written before it is known that there are any."""
    for line in _table(values, columns):
        click.echo("\t".join(line))


def _table(values: Iterable[Any], columns: Columns | None) -> Iterator[Sequence[str]]:
    told = False
    for value in values:
        columns = columns or {name: _getter(name) for name in names(value)}
        if not told:
            yield list(columns)
        told = True
        yield [cell(held(value)) for held in columns.values()]
    if not told and columns:
        yield list(columns)


def _getter(name: str) -> Callable[[Any], Any]:
    return lambda value: plain(value).get(name)


def _fields(value: Any, columns: Columns | None) -> Iterator[tuple[str, str]]:
    if columns is not None:
        yield from ((name, cell(held(value))) for name, held in columns.items())
        return
    told = plain(value)
    yield from ((name, cell(told.get(name))) for name in names(value))


def _csv(session: Session, values: Iterable[Any]) -> None:
    """RFC 4180, with line feeds: all fields of each value, and what is no text or number as JSON."""
    header: list[str] = []
    for value in values:
        told = plain(value)
        if not header:
            header = names(value)
            _exact(_csv_line(header))
        cells = [_csv_cell(told.get(name)) for name in header]
        _exact(_csv_line(list(map(printable, cells)) if session.is_terminal else cells))


def _exact(line: str) -> None:
    """A line as it is; click would take out of it what colours a terminal."""
    click.echo(line, color=True)


def _csv_line(texts: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(texts)  # which quotes what its own line ends are made of
    return line.getvalue().removesuffix("\r\n")


def _csv_cell(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else cell(value)
