"""Reads requirements files as pip does, with what they include."""

from __future__ import annotations

import posixpath
import shlex
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import parse_qs, urlsplit

from msgspec import Struct
from packaging.utils import canonicalize_name

from chamber.core.errors import ConfigurationError
from chamber.run.project.detection.folder import text_of
from chamber.run.project.detection.needs import Listed, Need, local_path, need, password_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chamber.run.project.detection.folder import Folder

__all__ = ["read"]

_INCLUDES = {"-r": True, "--requirement": True, "-c": False, "--constraint": False}
_EDITABLE = ("-e", "--editable")
_LINKS = ("-f", "--find-links")
_LOCAL_ENDINGS = (".whl", ".tar.gz", ".zip")
_MOST_FILES = 100


def read(folder: Folder, file: str) -> Listed:
    """What a requirements file of a project asks for.

    A line that names the project itself (``-e .``) is taken out: its files are in the image, and what it needs
    is read from where it says so.

    Raises ConfigurationError: it or a file that it includes is missing, outside the project or malformed, or
    asks for something outside of it.
    """
    reader = _Reader(folder)
    reader.read(file, _Line(file, 0, ""), required=True)
    return Listed(
        file=file,
        needs=tuple(reader.needs),
        constraints=tuple(reader.constraints),
        files=reader.files,
        others=tuple(reader.others),
        itself=reader.itself,
        local=tuple(reader.local),
    )


#: https://pip.pypa.io/en/stable/reference/requirements-file-format/#global-options, beside those above.
_OPTIONS = frozenset(
    {
        *("-i", "--index-url", "--pypi-url", "--extra-index-url", "--no-index", "--trusted-host"),
        *("--no-binary", "--only-binary", "--prefer-binary", "--pre", "--require-hashes", "--use-feature"),
    }
)


class _Line(Struct, frozen=True):
    file: str
    number: int
    text: str
    #: The last of the lines that it was joined from.
    last: int = 0

    @property
    def where(self) -> str:
        return f"{self.file}, line {self.number}" if self.number else self.file

    def refuse(self, reason: str) -> NoReturn:
        raise ConfigurationError(f"{self.where}: {reason}")


class _Reader:
    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.files: dict[str, bytes] = {}
        self.needs: list[Need] = []
        self.constraints: list[Need] = []
        self.others: list[str] = []
        self.local: list[str] = []
        self.itself: frozenset[str] | None = None

    def read(self, file: str, included: _Line, required: bool) -> None:
        if file in self.files:
            return
        if len(self.files) == _MOST_FILES:
            included.refuse(f"more than {_MOST_FILES} files are included")
        self.files[file] = self._content(file, included)
        for line in _lines(file, self.files[file]):
            self._line(line, required)

    def _content(self, file: str, included: _Line) -> bytes:
        try:
            return self.folder.read(file)
        except ConfigurationError as error:
            included.refuse(str(error))

    def _line(self, line: _Line, required: bool) -> None:
        _refuse_passwords(line)
        if line.text.startswith("-"):
            self._option(line)
        elif required:
            self._requirement(line)
        elif "://" not in line.text and not _is_local(line.text):
            self.constraints.append(need(_without_options(line.text), line.where))

    def _option(self, line: _Line) -> None:
        option, value = _option_of(line)
        if option in _INCLUDES:
            self._include(line, value, _INCLUDES[option])
        elif option in _EDITABLE:
            self._link(line, value)
        elif option in _LINKS and "://" not in value.removeprefix("file:"):
            self._local(line, value)
        elif option not in {*_LINKS, *_OPTIONS}:
            line.refuse(f"pip knows no option {option} in such a file: take it out, or correct it")

    def _include(self, line: _Line, file: str, required: bool) -> None:
        if "://" in file:
            line.refuse(f"{file} is not a file of the project: put a copy of it there")
        self.read(posixpath.normpath(posixpath.join(posixpath.dirname(line.file), file)), line, required)

    def _requirement(self, line: _Line) -> None:
        text = _without_options(line.text)
        if "://" in text.partition(" @ ")[0] or _is_local(text):
            self._link(line, text)
            return
        one = need(text, line.where)
        if one.url and one.url.startswith("file:"):
            self._link(line, one.url)
        else:
            self.needs.append(one)

    def _link(self, line: _Line, link: str) -> None:
        if "://" not in link or link.startswith("file:"):
            self._local(line, link)
            return
        try:
            egg = parse_qs(urlsplit(link).fragment).get("egg")
        except ValueError:
            line.refuse("this is no URL that pip could fetch: correct it")
        if egg:
            name = egg[0].partition("[")[0]
            self.needs.append(Need(name=canonicalize_name(name), text=f"{name} @ {link}", where=line.where, url=link))
        else:
            self.others.append(link)

    def _local(self, line: _Line, link: str) -> None:
        path = local_path(link.partition(";")[0].strip(), "", self.folder, line.where)
        if path == ".":
            extras = link.partition("[")[2].partition("]")[0] if "[" in link else ""
            self.itself = (self.itself or frozenset()) | {extra.strip() for extra in extras.split(",") if extra.strip()}
            self._take_out(line)
        else:
            self.local.append(f"{path} ({line.where})")

    def _take_out(self, line: _Line) -> None:
        lines = self.files[line.file].decode("utf-8-sig").splitlines()
        for number in range(line.number, line.last + 1):
            lines[number - 1] = f"# {lines[number - 1]}"
        self.files[line.file] = ("\n".join(lines) + "\n").encode()


def _lines(file: str, content: bytes) -> Iterator[_Line]:
    """Logical lines: without comments, joined where one ends with a backslash."""
    physical = text_of(content, file).splitlines()
    start, parts = 1, list[str]()
    for number, text in enumerate(physical, 1):
        start = start if parts else number
        parts.append(_without_comment(text))
        if parts[-1].endswith("\\") and number < len(physical):
            parts[-1] = parts[-1][:-1]
            continue
        joined = "".join(parts).strip()
        if joined:
            yield _Line(file, start, joined, number)
        parts = []


def _without_comment(text: str) -> str:
    position = text.find("#")
    while position > 0 and not text[position - 1].isspace():
        position = text.find("#", position + 1)
    return (text if position < 0 else text[:position]).rstrip()


def _option_of(line: _Line) -> tuple[str, str]:
    try:
        words = shlex.split(line.text)
    except ValueError as error:
        line.refuse(str(error))
    if not words:
        line.refuse("this is not an option")
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
        reason = password_in(word) if "://" in word and "${" not in word else None
        if reason:
            line.refuse(reason)
