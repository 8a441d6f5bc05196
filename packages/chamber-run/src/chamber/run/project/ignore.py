"""Which paths of a project stay behind: Docker's ignore rules, what nobody sends, and secrets.

The last pattern that matches a path or one of its parents decides, and ``!`` re-admits; this is the walk of
Docker's matcher, in which a folder hands down what it matched. See `chamber.run.project.patterns`.
"""

import posixpath
import re
from collections.abc import Iterable, Sequence
from itertools import zip_longest

from msgspec import Struct

from chamber.run.project.matching import AnyOf, Signs, listed
from chamber.run.project.patterns import DockerPattern, ours, read

__all__ = ["ALWAYS", "SECRETS", "TOP", "Rules", "Verdict"]

#: Left out unless a later ``!`` of the project re-admits it: what tools leave behind, and our own files.
ALWAYS = (
    "**/.git",
    "**/.hg",
    "**/.svn",
    "**/.venv",
    "**/venv",
    "**/node_modules",
    "**/__pycache__",
    "**/*.pyc",
    "**/*.pyo",
    "**/.mypy_cache",
    "**/.pytest_cache",
    "**/.ruff_cache",
    "**/.hypothesis",
    "**/.tox",
    "**/.nox",
    "**/.eggs",
    "**/.ipynb_checkpoints",
    "**/.idea",
    "**/.vscode",
    "**/.DS_Store",
    "Dockerfile.chamber",
    "manifest.chamber.yaml",
    ".chamber.yaml",
    ".chamber.yml",
    "**/.*.chamber-part",
)

#: Left out whatever the project says; `include` re-admits single files. Compared without regard to case.
SECRETS = (
    "**/.env*",
    "**/.netrc",
    "**/.ssh",
    "**/id_rsa*",
    "**/id_dsa*",
    "**/id_ecdsa*",
    "**/id_ed25519*",
    "**/*.pem",
    "**/*.key",
    "**/*.p12",
    "**/*.pfx",
    "**/.aws",
    "**/.azure",
    "**/.config/gcloud",
    "**/.kube",
    "**/kubeconfig",
    "**/.docker/config.json",
    "**/.git-credentials",
    "**/.git",
    "**/.npmrc",
    "**/.pypirc",
    "**/.huggingface",
    "**/token.json",
    "**/.chamber",
    "**/*.tfstate",
)


class Verdict(Struct, frozen=True):
    """What the rules say of one path, and of what is below it."""

    excluded: bool = False
    #: Whether it is excluded as a secret, which no exception re-admits.
    secret: bool = False
    #: For each pattern whether it matched here or further up; empty: none did.
    matched: tuple[bool, ...] = ()


#: Of the project's own folder, which no rule excludes.
TOP = Verdict()
_SECRET = Verdict(excluded=True, secret=True)
_OURS = ours(ALWAYS)
_ANY_OF_OURS, _ANY_SECRET, _NONE = AnyOf(_OURS), AnyOf(ours(SECRETS)), AnyOf([])
#: Of all of ours, in names without regard to case.
_OUR_SIGNS = Signs([pattern.lower() for pattern in (*ALWAYS, *SECRETS)])


class Rules:
    """Decides for each path of a project, relative and with ``/``, whether it stays behind."""

    def __init__(self, dockerignore: str = "", ignore: Sequence[str] = (), include: Sequence[str] = ()) -> None:
        own = [*read(dockerignore.split("\n"), ".dockerignore"), *read(ignore, "ignore")]
        ignoring = [pattern for pattern in own if pattern.include]
        self._patterns = [*_OURS, *own]
        self._any = AnyOf(ignoring) if ignoring else _NONE
        self._signs = Signs([pattern.path for pattern in ignoring])
        self._exceptions = [pattern.parts for pattern in own if not pattern.include]
        self._included = {posixpath.normpath(path) for path in include}

    def concern(self, names: Iterable[str], above: Verdict = TOP) -> bool:
        """Whether `judge` has to be asked about these, of a folder with the verdict `above`; if not, all come along."""
        together = listed(names)
        return above is not TOP or _OUR_SIGNS.are_in(together.lower()) or self._signs.are_in(together)

    def judge(self, path: str, name: str, above: Verdict = TOP) -> Verdict:
        """The verdict on `path`, whose last part is `name`, in a folder with the verdict `above`."""
        if self._included and path in self._included:
            return TOP
        if above.secret or _ANY_SECRET.matches(path.lower(), name.lower()):
            return _SECRET
        if above.matched or _ANY_OF_OURS.matches(path, name) or self._any.matches(path, name):
            return self._decided(path, above.matched)
        return TOP

    def excludes(self, path: str) -> bool:
        """Whether the file at `path` stays behind."""
        return self._verdict(path).excluded

    def prunes(self, directory: str) -> bool:
        """Whether nothing below `directory` can come along, so that it need not be read."""
        return self.prunes_judged(directory, self._verdict(directory))

    def prunes_judged(self, directory: str, verdict: Verdict) -> bool:
        """The same for a folder whose verdict is known."""
        if not verdict.excluded:
            return False
        if any(path.startswith(f"{directory}/") for path in self._included):
            return False
        return verdict.secret or not any(_may_match_below(parts, directory) for parts in self._exceptions)

    def _verdict(self, path: str) -> Verdict:
        verdict, parts = TOP, path.split("/")
        for number, name in enumerate(parts, 1):
            verdict = self.judge("/".join(parts[:number]), name, verdict)
        return verdict

    def _decided(self, path: str, above: Sequence[bool]) -> Verdict:
        """What Docker calls "matches using parent results": a pattern that could change nothing is not asked."""
        excluded, matched = False, []
        for pattern, here in zip_longest(self._patterns, above, fillvalue=False):
            assert isinstance(pattern, DockerPattern)
            found = here or (pattern.include is not excluded and pattern.matches(path))
            excluded = bool(pattern.include) if found else excluded
            matched.append(found)
        return Verdict(excluded, False, tuple(matched) if any(matched) else ())


def _may_match_below(exception: Sequence[re.Pattern[str] | None], directory: str) -> bool:
    """Whether something below `directory` could match; yes where that is not plain to see."""
    for wanted, there in zip(exception, directory.split("/"), strict=False):
        if wanted is None:
            return True
        if not wanted.match(there):
            return False
    return True
