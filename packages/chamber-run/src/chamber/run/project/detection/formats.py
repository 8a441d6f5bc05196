"""TOML, JSON, YAML, INI and Python files as values of known types; whatever is wrong names the file and the line.

The parsers of TOML and INI come with the first such file: their imports compile more than they read.
"""

from __future__ import annotations

import ast
import json
import threading
import warnings
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import yaml

from chamber.core.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["from_ini", "from_json", "from_python", "from_toml", "from_yaml", "typed"]

T = TypeVar("T")
_warnings = threading.Lock()


def from_toml(text: str, file: str, kind: type[T]) -> T:
    """A TOML file as a `kind`. Raises ConfigurationError: it is not TOML, or something in it is of another type."""
    import tomllib

    try:
        content = tomllib.loads(text)
    except ValueError as error:
        raise ConfigurationError(f"{file} is not TOML: {error}") from None
    except RecursionError:
        raise _too_deep(file) from None
    return typed(content, file, kind)


def from_json(text: str, file: str, kind: type[T]) -> T:
    """A JSON file as a `kind`. Raises ConfigurationError: it is not JSON, or something in it is of another type."""
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise ConfigurationError(f"{file}, line {error.lineno}: this is not JSON: {error.msg}") from None
    except ValueError as error:
        raise ConfigurationError(f"{file} is not JSON: {error}") from None
    except RecursionError:
        raise _too_deep(file) from None
    return typed(content, file, kind)


def from_yaml(text: str, file: str, kind: type[T]) -> T:
    """A YAML file as a `kind`, where every scalar is a text: ``python=3.10`` must not become 3.1.

    Raises ConfigurationError: it is not YAML, or something in it is of another type.
    """
    try:
        content = yaml.load(text, yaml.BaseLoader)  # noqa: S506 - makes texts, lists and mappings, and nothing else
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}" if mark else ""
        raise ConfigurationError(f"{file}{line}: this is not YAML: {error.problem or error.context}") from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise ConfigurationError(f"{file} is not YAML: {_first_line(error)}") from None
    except RecursionError:
        raise _too_deep(file) from None
    return typed(content or {}, file, kind)


def from_ini(text: str, file: str) -> dict[str, dict[str, str]]:
    """The sections of an INI file, as `configparser` reads them. Raises ConfigurationError: it is none."""
    import configparser

    parser = configparser.ConfigParser(interpolation=None, default_section="")
    try:
        parser.read_string(text, file)
    except (configparser.Error, AttributeError, ValueError) as error:
        number = getattr(error, "lineno", None) or next((n for n, _ in getattr(error, "errors", ())), None)
        where = f"{file}, line {number}" if number else file
        raise ConfigurationError(f"{where}: this is not an INI file: {_first_line(error)}") from None
    return {name: dict(parser[name]) for name in parser.sections()}


def from_python(text: str, file: str) -> ast.Module:
    """The syntax tree of a Python file, of which nothing is run. Raises ConfigurationError: it is not Python."""
    try:
        # The warnings of the compiler are for whoever runs the file; the filters are one list for all threads.
        with _warnings, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except SyntaxError as error:
        raise ConfigurationError(f"{file}, line {error.lineno or 1}: this is not Python 3: {error.msg}") from None
    except ValueError as error:
        raise ConfigurationError(f"{file} is not Python 3: {_first_line(error)}") from None
    except (RecursionError, MemoryError):
        raise _too_deep(file) from None


def typed(content: object, file: str, kind: type[T]) -> T:
    """What was read, as a `kind`. Raises ConfigurationError: something in it is of another type, or no Unicode."""
    for text in _texts(content):
        if text.encode(errors="replace").decode() != text:
            raise ConfigurationError(f"{file}: {text!r} is not Unicode")
    try:
        return msgspec.convert(content, kind)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{file}: {error}") from None
    except RecursionError:
        raise _too_deep(file) from None


def _texts(content: object) -> Iterator[str]:
    """Every text, each list and mapping once: in YAML one may be in many places."""
    waiting: list[Any] = [content]
    seen: set[int] = set()
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, list | dict) and id(value) not in seen:
            seen.add(id(value))
            waiting.extend([*value, *value.values()] if isinstance(value, dict) else value)


def _too_deep(file: str) -> ConfigurationError:
    return ConfigurationError(f"{file} is nested too deeply")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
