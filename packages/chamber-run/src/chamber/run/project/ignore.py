"""Which paths of a project stay behind: Docker's ignore rules, what nobody sends, and secrets.

`.dockerignore` differs from `.gitignore` in that every pattern is anchored at the root of the project;
as there, the last pattern that matches a path or one of its parents decides, and ``!`` re-admits.
See https://docs.docker.com/build/concepts/context/#dockerignore-files.
"""

import posixpath
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from pathspec import PathSpec
from pathspec.patterns.gitignore import GitIgnorePatternError

from chamber.core.errors import ConfigurationError

__all__ = ["ALWAYS", "SECRETS", "Rules"]

#: Left out unless a later ``!`` of the project re-admits it: what tools leave behind, and our own files.
ALWAYS = (
    "**/.git",
    "**/.hg",
    "**/.svn",
    "**/.venv",
    "**/venv",
    "**/node_modules",
    "**/__pycache__",
    "**/*.py[co]",
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


class Rules:
    """Decides for each path of a project, relative and with ``/``, whether it stays behind."""

    def __init__(self, dockerignore: str = "", ignore: Sequence[str] = (), include: Sequence[str] = ()) -> None:
        of_project = [*_patterns(dockerignore.splitlines(), ".dockerignore"), *_patterns(ignore, "ignore")]
        self._ordinary = PathSpec.from_lines("gitignore", [*_patterns(ALWAYS), *of_project])
        self._secrets = PathSpec.from_lines("gitignore", _patterns(SECRETS))
        self._included = {posixpath.normpath(path) for path in include}
        self._readmitted = [pattern.lstrip("!/") for pattern in of_project if pattern.startswith("!")]

    def excludes(self, path: str) -> bool:
        """Whether the file at `path` stays behind."""
        if path in self._included:
            return False
        return self._secrets.match_file(path.lower()) or self._ordinary.match_file(path)

    def prunes(self, directory: str) -> bool:
        """Whether nothing below `directory` can come along, so that it need not be read."""
        return self.excludes(directory) and not any(
            _may_match_below(pattern, directory) for pattern in (*self._included, *self._readmitted)
        )


def _patterns(lines: Iterable[str], source: str = "") -> list[str]:
    """Docker's patterns, cleaned as Docker cleans them, in git's words: anchored by a leading ``/``."""
    written = [(number, line.strip()) for number, line in enumerate(lines, 1) if not line.startswith("#")]
    cleaned = [(number, line, _anchored(line)) for number, line in written]
    for number, line, pattern in cleaned:
        if pattern is not None and not _is_pattern(pattern):
            raise ConfigurationError(f"{source}, line {number}: {line!r} is not a pattern")
    return [pattern for _, _, pattern in cleaned if pattern is not None]


def _anchored(line: str) -> str | None:
    negated = "!" if line.startswith("!") else ""
    path = posixpath.normpath(f"/{line.removeprefix('!').strip()}").lstrip("/")
    return f"{negated}/{path}" if path or negated else None


def _is_pattern(pattern: str) -> bool:
    try:
        PathSpec.from_lines("gitignore", [pattern])
    except GitIgnorePatternError:
        return False
    return pattern != "!/"


def _may_match_below(pattern: str, directory: str) -> bool:
    for wanted, there in zip(pattern.split("/"), directory.split("/"), strict=False):
        if wanted == "**":
            return True
        if not fnmatchcase(there, wanted):
            return False
    return True
