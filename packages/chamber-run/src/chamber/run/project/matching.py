"""Whether one of several patterns matches a path, asked for every file of a project.

Most patterns say a name, its beginning or its end; a set and two tuples answer for all of those at once, without a
regular expression to be compiled and tried. And most folders hold nothing that a pattern could match, which a look
through all of their names at once tells.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeGuard

from chamber.run.project.patterns import DockerPattern

__all__ = ["AnyOf", "Signs", "listed"]

_Match = Callable[[str], re.Match[str] | None]

_STARS = re.compile(r"[*?]")
#: Beside a class or an escape: what Docker reads as no folder, or as one that may be left out, as in ``a**/b``.
_OPEN = re.compile(r"[\[\]\\]|[^/]\*\*|\*\*[^/]|\*\*\Z")


def listed(names: Iterable[str]) -> str:
    """The names of a folder as `Signs.are_in` takes them."""
    return f"/{'/'.join(names)}/"


class Signs:
    """Of several patterns what the last part of a path has to hold for one of them to match the path."""

    def __init__(self, patterns: Iterable[str]) -> None:
        pieces = {_piece(pattern) for pattern in patterns}
        self._names = {piece[1:-1] for piece in pieces if _is_whole(piece)}
        #: Of names; an empty one is in everything.
        self._pieces = [piece for piece in pieces if not _is_whole(piece)]

    def are_in(self, names: str) -> bool:
        """Whether one of them may match a path whose last part is one of the names that are `listed`."""
        for piece in self._pieces:  # most often through all of them, for which `any` takes longer
            if piece in names:
                return True
        return bool(self._names) and not self._names.isdisjoint(names.split("/"))


class AnyOf:
    """Several patterns, all of the kind that ignores."""

    def __init__(self, patterns: Sequence[DockerPattern]) -> None:
        names = [pattern.name for pattern in patterns if _is_plain(pattern.name)]
        self._names = {name for name in names if "*" not in name}
        starred = [(begin, end) for begin, star, end in [name.partition("*") for name in names] if star]
        self._beginnings = tuple([begin for begin, end in starred if not end])
        self._around = [(begin, end) for begin, end in starred if begin and end]
        others = [pattern for pattern in patterns if not _is_plain(pattern.name)]
        self._costly = [pattern for pattern in others if pattern.automaton]
        self._sort([end for begin, end in starred if not begin], [one for one in others if not one.automaton])

    def _sort(self, endings: Sequence[str], others: Sequence[DockerPattern]) -> None:
        self._other_names = _union([name for pattern in others if (name := pattern.of_names)], r"(?:{})\Z")
        whole = [pattern for pattern in others if pattern.name is None]
        literal = [(pattern.path, path) for pattern in whole if (path := pattern.literal) is not None]
        self._paths = {path for _, path in literal}
        #: Of whole paths, which end as their last parts do.
        self._ends = (*endings, *[f"/{path}" for pattern, path in literal if pattern != path])
        self._other_paths = _union([pattern.regex.pattern for pattern in whole if pattern.literal is None], "{}")

    def matches(self, path: str, name: str) -> bool:
        """Whether one of them matches `path`, whose last part is `name`."""
        return (
            name in self._names
            or path.endswith(self._ends)
            or name.startswith(self._beginnings)
            or path in self._paths
            or any(_is_around(name, begin, end) for begin, end in self._around)
            or (self._other_names is not None and self._other_names(name) is not None)
            or (self._other_paths is not None and self._other_paths(path) is not None)
            or (bool(self._costly) and any(pattern.matches(path) for pattern in self._costly))
        )


def _piece(pattern: str) -> str:
    """The longest literal in the last part of a pattern, with a ``/`` where the name begins or ends with it."""
    last = f"/{pattern.rpartition('/')[2]}/"
    return "" if _OPEN.search(pattern) else max(_STARS.split(last), key=len)


def _is_whole(piece: str) -> bool:
    return len(piece) > 1 and piece[0] == piece[-1] == "/"


def _is_plain(name: str | None) -> TypeGuard[str]:
    """Whether it is a name, or with one ``*`` how a name begins or ends."""
    return name is not None and "?" not in name and name.count("*") <= 1


def _is_around(name: str, begin: str, end: str) -> bool:
    return len(name) >= len(begin) + len(end) and name.startswith(begin) and name.endswith(end)


def _union(expressions: Sequence[str], form: str) -> _Match | None:
    return re.compile(form.format("|".join(expressions))).match if expressions else None
