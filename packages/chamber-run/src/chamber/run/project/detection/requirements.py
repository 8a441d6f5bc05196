"""Reads requirements files as pip does, with what they include."""

from __future__ import annotations

import posixpath
import shlex
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import parse_qs, urlsplit

from msgspec import Struct
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from chamber.core.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["LINUX", "Listed", "read"]

#: The markers of where jobs run (PEP 508).
LINUX = {
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_system": "Linux",
    "sys_platform": "linux",
}
_INCLUDES = {"-r": True, "--requirement": True, "-c": False, "--constraint": False}
_EDITABLE = ("-e", "--editable")
_LOCAL_ENDINGS = (".whl", ".tar.gz", ".zip")


class Listed(Struct, frozen=True):
    """What a requirements file asks for."""

    #: The file and all that it includes, by their paths in the project.
    files: dict[str, bytes]
    #: Canonical names of what it requires where jobs run.
    names: frozenset[str]
    #: Requirements by URL, whose names are not known.
    others: tuple[str, ...]


def read(directory: Path, file: str) -> Listed:
    """What the requirements file of the project in `directory` asks for.

    Raises ConfigurationError: it or a file that it includes is missing, outside the project or malformed, or
    asks for something on this machine.
    """
    reader = _Reader(directory)
    reader.read(file, _Line(file, 0, ""), required=True)
    return Listed(reader.files, frozenset(reader.names), tuple(reader.others))


class _Line(Struct, frozen=True):
    file: str
    number: int
    text: str

    def refuse(self, reason: str) -> NoReturn:
        where = f"{self.file}, line {self.number}" if self.number else self.file
        raise ConfigurationError(f"{where}: {reason}")


class _Reader:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.files: dict[str, bytes] = {}
        self.names: set[str] = set()
        self.others: list[str] = []

    def read(self, file: str, included: _Line, required: bool) -> None:
        if file in self.files:
            return
        self.files[file] = self._content(file, included)
        for line in _lines(file, self.files[file]):
            self._line(line, required)

    def _content(self, file: str, included: _Line) -> bytes:
        path = self.directory / file
        if file.startswith(("../", "/")) or not path.resolve().is_relative_to(self.directory.resolve()):
            included.refuse(f"{file} is outside the project, and so cannot be in its image")
        try:
            return path.read_bytes()
        except OSError as error:
            return included.refuse(f"{file} cannot be read: {error.strerror}")

    def _line(self, line: _Line, required: bool) -> None:
        _refuse_passwords(line)
        if line.text.startswith("-"):
            self._option(line)
        elif required:
            self._requirement(line)

    def _option(self, line: _Line) -> None:
        option, value = _option_of(line)
        if option in _INCLUDES:
            folder = posixpath.dirname(line.file)
            self.read(posixpath.normpath(posixpath.join(folder, value)), line, _INCLUDES[option])
        elif option in _EDITABLE:
            self._link(line, value)

    def _requirement(self, line: _Line) -> None:
        text = _without_options(line.text)
        if "://" in text.partition(" @ ")[0] or _is_local(text):
            self._link(line, text)
            return
        try:
            requirement = Requirement(text)
        except InvalidRequirement as error:
            line.refuse(f"{text!r} is not a requirement: {str(error).splitlines()[0]}")
        if requirement.url and requirement.url.startswith("file:"):
            self._link(line, requirement.url)
        if requirement.marker is None or requirement.marker.evaluate(LINUX):
            self.names.add(canonicalize_name(requirement.name))

    def _link(self, line: _Line, link: str) -> None:
        if "://" not in link or link.startswith("file:"):
            line.refuse(
                f"{link} is on this machine, and so cannot be installed in an image. The project's own files "
                "are there without being installed; name anything else by its distribution, or by a URL"
            )
        egg = parse_qs(urlsplit(link).fragment).get("egg")
        if egg:
            self.names.add(canonicalize_name(egg[0].partition("[")[0]))
        self.others.append(link)


def _lines(file: str, content: bytes) -> Iterator[_Line]:
    """Logical lines: without comments, joined where one ends with a backslash."""
    try:
        physical = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise ConfigurationError(f"{file} is not UTF-8") from None
    start, joined = 1, ""
    for number, text in enumerate(physical, 1):
        start = start if joined else number
        joined += _without_comment(text)
        if joined.endswith("\\") and number < len(physical):
            joined = joined[:-1]
            continue
        if joined.strip():
            yield _Line(file, start, joined.strip())
        joined = ""


def _without_comment(text: str) -> str:
    for position, character in enumerate(text):
        if character == "#" and (position == 0 or text[position - 1].isspace()):
            return text[:position].rstrip()
    return text.rstrip()


def _option_of(line: _Line) -> tuple[str, str]:
    try:
        words = shlex.split(line.text)
    except ValueError as error:
        line.refuse(str(error))
    option, equals, value = words[0].partition("=")
    if not option.startswith("--") and len(option) > 2:
        return option[:2], words[0][2:]
    return option, value if equals else " ".join(words[1:2])


def _without_options(text: str) -> str:
    words = text.split(" ")
    end = next((n for n, word in enumerate(words) if n and word.startswith("--")), len(words))
    return " ".join(words[:end]).strip()


def _is_local(text: str) -> bool:
    path = text.partition(";")[0].strip()
    return path.startswith((".", "/", "~")) or ("@" not in path and path.endswith(_LOCAL_ENDINGS))


def _refuse_passwords(line: _Line) -> None:
    for word in line.text.replace("=", " ").split():
        if "://" in word and _password(word) and not line.text.count("${"):
            line.refuse("there is a password in a URL, which everybody who has the image could read")


def _password(url: str) -> str | None:
    try:
        return urlsplit(url).password
    except ValueError:
        return None
