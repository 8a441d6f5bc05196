"""Reads ``.chamber.yaml``: strictly, and remembering the line of every setting."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import yaml
from msgspec import Struct

from chamber.core.errors import ConfigurationError
from chamber.run.settings.keys import KEYS, UnfitError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from chamber.run.settings.keys import Key, Kind

__all__ = ["FILE_NAMES", "SettingsFile", "read"]

FILE_NAMES = (".chamber.yaml", ".chamber.yml")
_MOST_BYTES = 1 << 20
_NULL = "tag:yaml.org,2002:null"
_INT = "tag:yaml.org,2002:int"
#: Without the 0 in front that YAML reads as octal and people do not.
_NUMBER = re.compile(r"0|[1-9][0-9]{0,8}")


class SettingsFile(Struct, frozen=True):
    """What a project's settings file says, checked."""

    #: None when there is no such file.
    name: str | None = None
    values: dict[str, Any] = {}


def read(directory: Path) -> SettingsFile:
    """The settings in the project's ``.chamber.yaml`` or ``.chamber.yml``; none when there is no such file.

    Raises ConfigurationError: the file is broken, has an unknown key or a value of the wrong kind, or both
    files are there. The message names the file and the line.
    """
    present = [directory / name for name in FILE_NAMES if (directory / name).is_file()]
    if len(present) > 1:
        raise ConfigurationError(f"{directory} has both {' and '.join(FILE_NAMES)}: remove one of them")
    return SettingsFile(present[0].name, _settings(present[0])) if present else SettingsFile()


def _settings(file: Path) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    for name, node in _entries(_document(file), file):
        where = f"{file}, line {_line(name)}"
        key = _known(name.value, where)
        if name.value in settings:
            raise ConfigurationError(f"{where}: {name.value} is there twice")
        settings[name.value] = _value(node, key, f"{file}, line {_line(node)}: {name.value}")
    return settings


def _document(file: Path) -> yaml.Node | None:
    try:
        content = file.read_bytes()
        if len(content) > _MOST_BYTES:
            raise ConfigurationError(f"{file} is larger than {_MOST_BYTES} bytes")
        return yaml.compose(content, yaml.SafeLoader)
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = f", line {mark.line + 1}" if mark else ""
        raise ConfigurationError(f"{file}{at}: this is not YAML: {error.problem or error.context}") from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise ConfigurationError(f"{file} is not YAML: {error}") from None
    except RecursionError:
        raise ConfigurationError(f"{file} is nested too deeply") from None


def _entries(node: yaml.Node | None, file: Path) -> list[tuple[yaml.ScalarNode, yaml.Node]]:
    if node is None or node.tag == _NULL:
        return []
    if not isinstance(node, yaml.MappingNode):
        raise ConfigurationError(f"{file}, line {_line(node)}: settings are written as 'key: value'")
    for name, _ in node.value:
        if not isinstance(name, yaml.ScalarNode):
            raise ConfigurationError(f"{file}, line {_line(name)}: the name of a setting is a text")
    entries: list[tuple[yaml.ScalarNode, yaml.Node]] = node.value
    return entries


def _known(name: str, where: str) -> Key:
    if name in KEYS:
        return KEYS[name]
    close = get_close_matches(name, KEYS, n=1)
    advice = f"did you mean {close[0]!r}?" if close else f"the keys are {', '.join(KEYS)}"
    raise ConfigurationError(f"{where}: unknown key {name!r}: {advice}")


def _value(node: yaml.Node, key: Key, where: str) -> Any:
    try:
        value = _READERS[key.kind](node)
    except UnfitError as error:
        raise key.refused(str(error), where) from None
    return key.checked(value, where)


def _text(node: yaml.Node) -> str:
    """A scalar as it is written: ``3.10`` stays ``3.10``, ``yes`` stays ``yes``."""
    if isinstance(node, yaml.ScalarNode) and node.tag != _NULL:
        return str(node.value)
    raise UnfitError(_shown(node))


def _number(node: yaml.Node) -> int:
    if isinstance(node, yaml.ScalarNode) and node.tag == _INT and _NUMBER.fullmatch(node.value):
        return int(node.value)
    raise UnfitError(_shown(node))


def _texts(node: yaml.Node) -> tuple[str, ...]:
    if isinstance(node, yaml.SequenceNode):
        return tuple(_text(item) for item in node.value)
    raise UnfitError(_shown(node))


def _mapping(node: yaml.Node) -> dict[str, str]:
    if not isinstance(node, yaml.MappingNode):
        raise UnfitError(_shown(node))
    variables: dict[str, str] = {}
    for name, value in node.value:
        if _text(name) in variables:
            raise UnfitError(f"{_text(name)} twice (line {_line(name)})")
        variables[_text(name)] = _variable(name, value)
    return variables


def _variable(name: yaml.Node, value: yaml.Node) -> str:
    if isinstance(value, yaml.ScalarNode) and value.tag != _NULL:
        return str(value.value)
    raise UnfitError(f"{_text(name)} (line {_line(name)}) without a text")


def _arguments(node: yaml.Node) -> str | tuple[str, ...]:
    return _texts(node) if isinstance(node, yaml.SequenceNode) else _text(node)


_READERS: dict[Kind, Callable[[yaml.Node], Any]] = {
    "text": _text,
    "number": _number,
    "texts": _texts,
    "mapping": _mapping,
    "arguments": _arguments,
}


def _shown(node: yaml.Node) -> str:
    if isinstance(node, yaml.ScalarNode):
        return "empty" if node.tag == _NULL else repr(node.value)
    return "a list" if isinstance(node, yaml.SequenceNode) else "a mapping"


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
