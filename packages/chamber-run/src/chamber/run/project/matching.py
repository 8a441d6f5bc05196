"""Whether one of several patterns matches a path, asked for every file of a project.

Most patterns say a name, its beginning or its end; a set and two tuples answer for all of those at once, without a
regular expression to be compiled and tried.
"""

import re
from collections.abc import Callable, Sequence

from chamber.run.project.patterns import DockerPattern

__all__ = ["AnyOf"]

_Match = Callable[[str], re.Match[str] | None]


class AnyOf:
    """Several patterns, all of the kind that ignores."""

    def __init__(self, patterns: Sequence[DockerPattern]) -> None:
        named = [pattern for pattern in patterns if pattern.name is not None and _is_plain(pattern.name)]
        names = [str(pattern.name) for pattern in named]
        self._names = {name for name in names if "*" not in name}
        self._beginnings = tuple([name[:-1] for name in names if name.endswith("*")])
        others = [pattern for pattern in patterns if pattern not in named]
        self._costly = [pattern for pattern in others if pattern.automaton]
        self._sort([name[1:] for name in names if name.startswith("*")], [one for one in others if not one.automaton])

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
            or (self._other_names is not None and self._other_names(name) is not None)
            or (self._other_paths is not None and self._other_paths(path) is not None)
            or (bool(self._costly) and any(pattern.matches(path) for pattern in self._costly))
        )


def _is_plain(name: str) -> bool:
    """Whether it is a name, or with one ``*`` how a name begins or ends."""
    stars = name.count("*")
    return "?" not in name and (not stars or (stars == 1 and "*" in {name[0], name[-1]}))


def _union(expressions: Sequence[str], form: str) -> _Match | None:
    return re.compile(form.format("|".join(expressions))).match if expressions else None
