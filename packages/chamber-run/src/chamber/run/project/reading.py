"""The one read of a project's files: each is hashed and searched for keys, or known from an earlier run.

Everything here blocks: run it with `chamber.run.threads.in_thread`.
"""

import functools
import hashlib
import operator
import os
import posixpath
import stat
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from chamber.core.errors import ConfigurationError, DockerError
from chamber.run.project.files import ProjectFile, Selection
from chamber.run.project.secrets import LONGEST_KEY, kind_of_key
from chamber.run.project.stat_cache import Entry, Signature, StatCache
from chamber.run.threads import Stop, check, spread

__all__ = ["content_of", "digests"]

_PIECE = 1 << 20
_HEAD = 8 << 10
_BATCH = 128
_WHERE_KNOWN = ("O_BINARY", "O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK")
_FLAGS: int = functools.reduce(operator.or_, [getattr(os, flag, 0) for flag in _WHERE_KNOWN], os.O_RDONLY)
_Wanted = tuple[ProjectFile, Signature]


def digests(
    directory: Path,
    selection: Selection,
    known: StatCache | None = None,
    include: Sequence[str] = (),
    *,
    stop: Stop | None = None,
) -> tuple[bytes, ...]:
    """The SHA-256 of each file's content, of nothing for a link or a folder; only what is new is read.

    Raises ConfigurationError that names the file and the kind of key, never the key, where one would leave in a
    file that is not in `include`. Of binary files only those up to 1 MiB are searched.
    Raises DockerError: a file cannot be read, or changed since it was selected.
    """
    files = [(file, sign) for file, sign in zip(selection.files, selection.signatures, strict=True) if sign]
    paths, signatures = [file.path for file, _ in files], [sign for _, sign in files]
    same = known.same(paths, signatures) if known is not None else None
    if same is not None:
        found = iter(same)
        return tuple([next(found) if sign else b"" for sign in selection.signatures])
    entries = _entries(directory, files, known, selection.at, stop)
    _refuse_keys(entries, include)
    return tuple([entry.digest if (entry := entries.get(file.path)) else b"" for file in selection.files])


def content_of(directory: Path, file: ProjectFile) -> Iterator[bytes]:
    """The bytes of `file`, in pieces. Raises DockerError: it is not there, or is not what it was any more."""
    left = file.size
    descriptor = _opened(f"{directory}/{file.path}")
    try:
        while left >= 0 and (piece := os.read(descriptor, min(_PIECE, left + 1))):
            left -= len(piece)
            yield piece[:left] if left < 0 else piece
    finally:
        os.close(descriptor)
    if left:
        raise DockerError(f"{file.path} changed while it was being read; run it again")


def _entries(
    directory: Path, files: Sequence[_Wanted], known: StatCache | None, at: int, stop: Stop | None
) -> dict[str, Entry]:
    paths, signatures = [file.path for file, _ in files], [sign for _, sign in files]
    found = known.found(paths, signatures) if known is not None else [None] * len(files)
    new = [wanted for wanted, entry in zip(files, found, strict=True) if entry is None]
    read = iter(_read(directory, new, stop))
    entries = {file.path: entry or next(read) for (file, _), entry in zip(files, found, strict=True)}
    if known is not None and (new or len(entries) != len(known)):
        known.keep(entries, at)
    return entries


def _read(directory: Path, files: Sequence[_Wanted], stop: Stop | None) -> list[Entry]:
    def batch(some: Sequence[_Wanted]) -> list[Entry]:
        return [_read_one(directory, file, sign, stop) for file, sign in some]

    batches = [files[start : start + _BATCH] for start in range(0, len(files), _BATCH)]
    return list(chain.from_iterable(spread(batch, batches, stop) if len(batches) > 1 else map(batch, batches)))


def _read_one(directory: Path, file: ProjectFile, signature: Signature, stop: Stop | None) -> Entry:
    content, kind, tail = hashlib.sha256(), None, b""
    searched = True
    for number, piece in enumerate(content_of(directory, file)):
        check(stop)
        content.update(piece)
        if number == 0:
            searched = len(piece) < _PIECE or b"\0" not in piece[:_HEAD]
        if searched and kind is None:
            kind = kind_of_key(tail + piece)
            tail = piece[-LONGEST_KEY:]
    return Entry(signature, content.digest(), kind)


def _refuse_keys(entries: dict[str, Entry], include: Sequence[str]) -> None:
    allowed = {posixpath.normpath(path) for path in include}
    for path, entry in entries.items():
        if entry.secret is not None and path not in allowed:
            raise ConfigurationError(
                f"{path} seems to hold {entry.secret}, which everyone who can pull the image could read: take it out, "
                f"leave the file behind with `ignore`, or send it all the same with `include`"
            )


def _opened(path: str) -> int:
    """A descriptor of the regular file at `path`; what became a link or a pipe since it was chosen is refused."""
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError as error:
        raise DockerError(f"cannot read {path}: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise DockerError(f"{path} is no longer a file; run it again")
    return descriptor
