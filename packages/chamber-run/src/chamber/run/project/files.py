"""The files of a project that go into its image: chosen by rules, refused where they could not be right."""

import functools
import operator
import os
import posixpath
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from chamber.core.errors import ConfigurationError
from chamber.run.project.ignore import TOP, Rules, Verdict
from chamber.run.project.stat_cache import Look, Signature, encoded

__all__ = ["GeneratedFile", "ProjectFile", "Selection", "choose", "ignore_file", "select"]

_FOLDER_MODE = 0o755
_IGNORE_FILE = ".dockerignore"
_VIRTUAL_ENVIRONMENT = "pyvenv.cfg"
#: What is in a folder, by name.
_Entries = dict[str, os.DirEntry[str]]
#: A folder, and the verdict on it.
_Below = tuple[str, Verdict]
_PATH = operator.attrgetter("path")
_SIGNATURE: Callable[[os.stat_result], Signature] = operator.attrgetter(
    "st_size", "st_mtime_ns", "st_ctime_ns", "st_ino", "st_mode"
)


class ProjectFile(Struct, frozen=True, gc=False):
    """A file, symbolic link or empty folder of a project. `path` is relative with ``/``; `size` is in bytes."""

    path: str
    size: int
    #: 0o644, or 0o755 where the owner may execute it, and for folders; 0o777 for links.
    mode: int
    #: What a symbolic link points to, as it is written; None for a file.
    link: str | None = None
    #: Whether it is a folder in which nothing else was chosen, which Docker carries along and git does not.
    is_folder: bool = False

    @property
    def is_file(self) -> bool:
        """Whether it has a content."""
        return self.link is None and not self.is_folder


class GeneratedFile(Struct, frozen=True):
    """A file that is put beside those of a project, at `path` relative to its directory, and never written there."""

    path: str
    content: bytes
    #: 0o644, or 0o755 for a script.
    mode: int = 0o644


class Selection(Struct, frozen=True):
    """What was chosen of a project, and how it looked then."""

    files: tuple[ProjectFile, ...]
    #: Of each folder, how the files in it look: see `chamber.run.project.stat_cache.encoded`.
    looks: tuple[bytes, ...]
    #: Before the first was looked at, in nanoseconds since 1970.
    at: int


def select(
    directory: Path, ignore: Sequence[str] = (), include: Sequence[str] = (), dockerfile: str | None = None
) -> Selection:
    """The files of `directory` that go into the image, sorted by path; nothing is written or read.

    `ignore` holds patterns as in `.dockerignore`, and after those; `include` names single files that go along
    although a rule, even the one for secrets, leaves them out; `dockerfile` is the one that will be built, whose own
    ignore file comes first. Links are kept and never followed; hard links are files of their own; empty folders are
    kept, as by Docker.

    Raises ConfigurationError for an unreadable folder, too many of them in each other, a pattern that is none, an
    included file that is not there, a link that leaves the project, and sockets, devices and pipes.
    """
    at = time.time_ns()
    walk = _Walk(str(directory), Rules(ignore_file(directory, dockerfile), ignore, include))
    try:
        walk.through("", TOP)
    except RecursionError:
        raise ConfigurationError(
            f"folders of {directory} are in each other hundreds of times over: leave them behind with `ignore`"
        ) from None
    files = tuple(sorted(walk.files, key=_PATH))
    _check_included(include, files)
    return Selection(files, tuple(walk.looks), at)


def choose(
    directory: Path, ignore: Sequence[str] = (), include: Sequence[str] = (), dockerfile: str | None = None
) -> tuple[ProjectFile, ...]:
    """The files of `select`, alone."""
    return select(directory, ignore, include, dockerfile).files


def ignore_file(directory: Path, dockerfile: str | None = None) -> str:
    """The text of the ignore file that holds for `directory`; empty: there is none.

    ``<dockerfile>.dockerignore`` comes before ``.dockerignore``, see
    https://docs.docker.com/build/concepts/context/#filename-and-location.

    Raises ConfigurationError: it cannot be read.
    """
    own = directory / f"{dockerfile}{_IGNORE_FILE}" if dockerfile else None
    file = own if own is not None and own.is_file() else directory / _IGNORE_FILE
    try:
        return file.read_text("utf-8-sig")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"cannot read {file}: {error}") from error


class _Walk:
    """Goes through the folders below `root`, and puts what the rules let through into `files` and `looks`."""

    def __init__(self, root: str, rules: Rules) -> None:
        self._root, self._rules = root, rules
        self.files: list[ProjectFile] = []
        self.looks: list[bytes] = []

    @functools.cached_property
    def _real_root(self) -> Path:
        return Path(os.path.realpath(self._root))

    def through(self, folder: str, verdict: Verdict) -> None:
        before = len(self.files)
        with _scanned(f"{self._root}/{folder}") as entries:
            if folder and _VIRTUAL_ENVIRONMENT in entries:
                return
            looks, below = self._taken(folder, verdict, entries)
        for path, here in below:
            self.through(path, here)
        if folder and len(self.files) == before and not verdict.excluded:
            self.files.append(ProjectFile(_readable(folder), 0, _FOLDER_MODE, None, is_folder=True))
            looks = {folder: None}
        self.looks.append(encoded(looks))

    def _taken(self, folder: str, verdict: Verdict, entries: _Entries) -> tuple[dict[str, Look], list[_Below]]:
        """How what comes along of a folder looks, and the folders in it that have to be gone through."""
        above, judged = f"{folder}/" if folder else "", self._rules.concern(entries, verdict)
        looks: dict[str, Look] = {}
        below: list[_Below] = []
        for name in sorted(entries):  # so that little is left to sort in the whole
            path, entry = above + name, entries.pop(name)  # which keeps all that it was told of its file
            here = self._rules.judge(path, name, verdict) if judged else TOP
            if entry.is_dir(follow_symlinks=False):
                if not (here.excluded and self._rules.prunes_judged(path, here)):
                    below.append((path, here))
            elif not here.excluded:
                try:
                    looks[path] = look = _SIGNATURE(entry.stat(follow_symlinks=False))
                except OSError as error:
                    raise ConfigurationError(f"cannot look at {path}: {error.strerror}") from error
                if stat.S_ISREG(look[4]):
                    mode = 0o755 if look[4] & stat.S_IXUSR else 0o644
                    self.files.append(ProjectFile(path if path.isascii() else _readable(path), look[0], mode))
                else:
                    looks[path] = self._link(path, look[4])
        return looks, below

    def _link(self, path: str, kind: int) -> str:
        """Puts it into `files`, and tells what it points to."""
        if not stat.S_ISLNK(kind):
            raise ConfigurationError(f"{path} is a socket, a pipe or a device; leave it behind with `ignore`")
        link = _inner_link(self._real_root, path)
        self.files.append(ProjectFile(_readable(path), 0, 0o777, link))
        return link


@contextmanager
def _scanned(directory: str) -> Iterator[_Entries]:
    """The entries. While this is open the system goes through no folder above to look at one of them."""
    by_descriptor = os.scandir in os.supports_fd
    try:
        place = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC) if by_descriptor else directory
        try:
            with os.scandir(place) as entries:
                found = {entry.name: entry for entry in entries}
            yield found
        finally:
            if isinstance(place, int):
                os.close(place)
    except OSError as error:
        raise ConfigurationError(f"cannot read the folder {directory}: {error.strerror}") from error


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
    if path.isascii():
        return path
    try:
        path.encode()
    except UnicodeEncodeError as error:
        raise ConfigurationError(f"the file name {path!r} is not UTF-8; rename the file") from error
    return path


def _check_included(include: Sequence[str], chosen: Sequence[ProjectFile]) -> None:
    wanted = {posixpath.normpath(path): path for path in include}
    for missing in wanted and wanted.keys() - {file.path for file in chosen if not file.is_folder}:
        raise ConfigurationError(f"`include` names {wanted[missing]!r}, which is not a file of the project")
