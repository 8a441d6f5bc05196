"""The files of a project that go into its image: chosen by rules, refused where they could not be right."""

import os
import posixpath
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from chamber.core.errors import ConfigurationError
from chamber.run.project.ignore import Rules
from chamber.run.project.secrets import LONGEST_KEY, kind_of_key

__all__ = ["GeneratedFile", "ProjectFile", "choose", "secrets_in"]

_PIECE = 1 << 20
_HEAD = 8 << 10


class ProjectFile(Struct, frozen=True):
    """A file or symbolic link of a project. `path` is relative with ``/``; `size` is in bytes."""

    path: str
    size: int
    #: 0o644, or 0o755 where the owner may execute it; 0o777 for links.
    mode: int
    #: What a symbolic link points to, as it is written; None for a file.
    link: str | None = None


class GeneratedFile(Struct, frozen=True):
    """A file that is made for the image, and is not in the project's directory. `path` is relative to that."""

    path: str
    content: bytes
    mode: int = 0o644


def choose(directory: Path, ignore: Sequence[str] = (), include: Sequence[str] = ()) -> tuple[ProjectFile, ...]:
    """The files of `directory` that go into the image, sorted by path; nothing is written.

    `ignore` holds patterns as in `.dockerignore`, and after those; `include` names single files that go along
    although a rule, even the one for secrets, leaves them out. Links are kept and never followed.

    Raises ConfigurationError for an unreadable folder, a pattern that is none, an included file that is not
    there, a link that leaves the project, and sockets, devices and pipes.
    """
    root = Path(os.path.realpath(directory))
    rules = Rules(_dockerignore(root), ignore, include)
    chosen = sorted(_walk(root, "", rules), key=lambda file: file.path)
    _check_included(include, chosen)
    return tuple(chosen)


def secrets_in(directory: Path, files: Sequence[ProjectFile], include: Sequence[str] = ()) -> None:
    """Refuse to send keys: raises ConfigurationError that names the file and the kind of key, never the key.

    Files named in `include` are sent unseen. Of binary files only those up to 1 MiB are searched.
    """
    allowed = {posixpath.normpath(path) for path in include}
    for file in files:
        if file.link is None and file.path not in allowed:
            _refuse_key(file.path, _kind_of_key_in(directory / file.path))


def _refuse_key(path: str, kind: str | None) -> None:
    if kind is not None:
        raise ConfigurationError(
            f"{path} seems to hold {kind}, which everyone who can pull the image could read: take it out, "
            f"leave the file behind with `ignore`, or send it all the same with `include`"
        )


def _dockerignore(root: Path) -> str:
    try:
        return (root / ".dockerignore").read_text("utf-8-sig")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"cannot read {root / '.dockerignore'}: {error}") from error


def _walk(root: Path, below: str, rules: Rules) -> Iterator[ProjectFile]:
    for entry in _entries(root / below):
        path = _readable(posixpath.join(below, entry.name))
        if entry.is_dir(follow_symlinks=False):
            if not rules.prunes(path) and not _is_virtual_environment(entry):
                yield from _walk(root, path, rules)
        elif not rules.excludes(path):
            yield _project_file(root, path, entry)


def _entries(directory: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as entries:
            return list(entries)
    except OSError as error:
        raise ConfigurationError(f"cannot read the folder {directory}: {error.strerror}") from error


def _is_virtual_environment(entry: os.DirEntry[str]) -> bool:
    return Path(entry.path, "pyvenv.cfg").exists()


def _project_file(root: Path, path: str, entry: os.DirEntry[str]) -> ProjectFile:
    facts = entry.stat(follow_symlinks=False)
    if stat.S_ISLNK(facts.st_mode):
        return ProjectFile(path, 0, 0o777, _inner_link(root, path))
    if not stat.S_ISREG(facts.st_mode):
        raise ConfigurationError(f"{path} is a socket, a pipe or a device; leave it behind with `ignore`")
    return ProjectFile(path, facts.st_size, 0o755 if facts.st_mode & stat.S_IXUSR else 0o644)


def _inner_link(root: Path, path: str) -> str:
    target = (root / path).readlink().as_posix()
    written = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
    real = os.path.realpath(root / path)
    if target.startswith("/") or written.split("/")[0] == ".." or not _is_inside(root, real):
        raise ConfigurationError(
            f"{path} is a link out of the project, to {target}, where the job would not find it: "
            f"put a copy in its place, or leave it behind with `ignore`"
        )
    return _readable(target)


def _is_inside(root: Path, real: str) -> bool:
    return os.path.commonpath([root, real]) == str(root)


def _readable(path: str) -> str:
    try:
        path.encode()
    except UnicodeEncodeError as error:
        raise ConfigurationError(f"the file name {path!r} is not UTF-8; rename the file") from error
    return path


def _check_included(include: Sequence[str], chosen: Sequence[ProjectFile]) -> None:
    there = {file.path for file in chosen}
    for path in include:
        if posixpath.normpath(path) not in there:
            raise ConfigurationError(f"`include` names {path!r}, which is not a file of the project")


def _kind_of_key_in(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            piece = file.read(_PIECE)
            if b"\0" in piece[:_HEAD] and len(piece) == _PIECE:
                return None
            return _search(piece, iter(lambda: file.read(_PIECE), b""))
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}") from error


def _search(first: bytes, others: Iterator[bytes]) -> str | None:
    kind = kind_of_key(first)
    tail = first[-LONGEST_KEY:]
    for piece in others:
        if kind:
            break
        kind = kind_of_key(tail + piece)
        tail = piece[-LONGEST_KEY:]
    return kind
