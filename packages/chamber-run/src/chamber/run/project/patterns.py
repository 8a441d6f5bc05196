r"""Docker's ignore patterns as regular expressions.

Docker documents Go's ``filepath.Match`` and ``**`` (https://docs.docker.com/build/concepts/context/#dockerignore-files,
https://pkg.go.dev/path/filepath#Match). What decides is its matcher, https://github.com/moby/patternmatcher, which
writes a regular expression of its own: ``a**b`` is ``a(.*/)?b`` there, and ``*`` in a class is no star.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator
from functools import cached_property

from chamber.core.errors import ConfigurationError
from chamber.run.project.automaton import Automaton

__all__ = ["DockerPattern", "ours", "read"]

#: So many stars are left to `re`; with more, the time for a path could grow beyond bounds.
_MOST_STARS = 2

_ELEMENTS = re.compile(r"\*\*/?|\*|\?|\\.|.", re.DOTALL)
_IN_CLASS = r"(?:\\.|[^\\\]-])"
_WELL_FORMED = re.compile(rf"(?:[^\\\[]|\\.|\[\^?(?:{_IN_CLASS}(?:-{_IN_CLASS})?)+\])*", re.DOTALL)
_NAMED_CLASS = re.compile(r"\[\^?[^]]*\[:")
_SPECIAL = re.compile(r"[*?\[\]\\]")
_OPEN = re.compile(r"\*\*|[\[\]\\]")
_NAME = re.compile(r"\*\*/((?:[^*?\[\]\\/]|\*(?!\*)|\?)+)", re.DOTALL)


class DockerPattern:
    """One line of a ``.dockerignore``, cleaned; `include` is False for an exception, which begins with ``!``.

    Its expressions are compiled when they are asked for: most patterns of a project decide about none of its paths.
    """

    def __init__(self, pattern: str) -> None:
        self.include: bool = not pattern.startswith("!")
        #: The pattern without the mark of an exception.
        self.path: str = pattern.removeprefix("!")
        names = _NAME.fullmatch(self.path)
        #: The pattern of the last part of a path, where that alone decides: literal signs, ``*`` and ``?``.
        self.name: str | None = names[1] if names else None

    @cached_property
    def regex(self) -> re.Pattern[str]:
        """The regular expression, which says the whole path."""
        return re.compile(_translated(self.path))

    @property
    def literal(self) -> str | None:
        """The path that it matches, if that is one, or after ``**/`` what such a path is or ends with."""
        path = self.path.removeprefix("**/")
        return None if _SPECIAL.search(path) else path

    @cached_property
    def automaton(self) -> Automaton | None:
        """What matches it in place of its regular expression, where that could take too long."""
        if self.path.count("*") <= _MOST_STARS:  # no translation has more
            return None
        expression = _translated(self.path)
        is_costly = expression.count("*") > _MOST_STARS
        return Automaton(expression.removesuffix(r"\Z")) if is_costly else None

    @property
    def of_names(self) -> str | None:
        """The regular expression of `name`."""
        return None if self.name is None else _regexp(self.name)

    @property
    def parts(self) -> tuple[re.Pattern[str] | None, ...]:
        """An expression for each part of a path; None where a part of the pattern could match several, or take long."""
        parts = self.path.split("/")
        is_open = [_OPEN.search(part) or part.count("*") > _MOST_STARS for part in parts]
        return tuple(
            None if opened else re.compile(rf"{_regexp(part)}\Z") for part, opened in zip(parts, is_open, strict=True)
        )

    def matches(self, path: str) -> bool:
        """Whether it matches this path itself; its parents are for the caller to ask about."""
        if self.automaton is not None:
            return self.automaton.matches(path)
        return self.regex.match(path) is not None


def read(lines: Iterable[str], source: str = "") -> Iterator[DockerPattern]:
    """The patterns in the lines of a file, or in a setting.

    Raises ConfigurationError: a line is no pattern, or one that Docker reads otherwise than its documentation.
    """
    for number, line in enumerate(lines, 1):
        pattern = _cleaned(line)
        if pattern is None:
            continue
        where = f"{source}, line {number}: {line.strip()!r}"
        if pattern == "!" or not _WELL_FORMED.fullmatch(pattern):
            raise ConfigurationError(f"{where} is not a pattern")
        if _is_ambiguous(pattern):
            raise ConfigurationError(
                rf"{where} is not a pattern that Docker takes literally: a path is written with '/', and '\' "
                "stands before a sign that is not to be special, never before a letter or a digit"
            )
        yield _readable(pattern, where)


def ours(patterns: Iterable[str]) -> list[DockerPattern]:
    """Patterns that are cleaned and known to be some."""
    return [DockerPattern(pattern) for pattern in patterns]


def _readable(line: str, where: str) -> DockerPattern:
    pattern = DockerPattern(line)
    try:
        _ = pattern.regex
    except re.error as error:
        raise ConfigurationError(f"{where} is not a pattern: {error}") from None
    return pattern


def _is_ambiguous(pattern: str) -> bool:
    """Whether Go's regular expressions, to which Docker hands escapes and classes on, read something else into it."""
    escaped = [element[1] for element in _ELEMENTS.findall(pattern) if element.startswith("\\")]
    return any(sign.isalnum() or not sign.isascii() for sign in escaped) or bool(_NAMED_CLASS.search(pattern))


def _cleaned(line: str) -> str | None:
    """As Docker's own reading and Go's ``filepath.Clean`` leave a line; None for a comment or nothing."""
    pattern = line.strip()
    if line.startswith("#") or not pattern:
        return None
    mark = "!" if pattern.startswith("!") else ""
    path = pattern.removeprefix("!").strip()
    absolute = path.startswith("/")
    path = posixpath.normpath(path).lstrip("/") if path else ""
    return mark + path if path or mark else "/" * absolute


def _translated(pattern: str) -> str:
    elements = _ELEMENTS.findall(pattern)
    special = [element for element in elements if _SPECIAL.match(element)]
    if not special:
        return rf"{re.escape(pattern)}\Z"
    if special == elements[:1] and special[0].startswith("**"):
        return _ending(pattern[2:])
    if special == elements[-1:] == ["**"]:
        return re.escape(pattern[:-2])
    return rf"{_regexp(pattern)}\Z"


def _ending(end: str) -> str:
    if not end.startswith("/"):
        return rf"(?s:.*){re.escape(end)}\Z"
    return rf"(?:(?s:.*)/)?{re.escape(end[1:])}\Z"


def _regexp(pattern: str) -> str:
    elements = _ELEMENTS.findall(pattern)
    written = [_element(element, last=number == len(elements)) for number, element in enumerate(elements, 1)]
    return "".join(_in_python("".join(written)))


def _element(element: str, *, last: bool) -> str:
    if element.startswith("**"):
        return ".*" if last else "(.*/)?"
    if element == "*":
        return "[^/]*"
    if element == "?":
        return "[^/]"
    return f"\\{element}" if element in ".+()|{}$" else element


def _in_python(written: str) -> Iterator[str]:
    """A regular expression of Go's in Python's words: signs in a class are signs."""
    in_class = False
    for element in re.findall(r"\\.|.", written, re.DOTALL):
        if in_class and element in "[&~|":
            yield f"\\{element}"
            continue
        in_class = element == "[" or (in_class and element != "]")
        yield element
