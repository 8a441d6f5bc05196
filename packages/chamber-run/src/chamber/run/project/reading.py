"""The one read of a project's files: each is hashed and searched for keys, or known from an earlier run.

Everything here blocks: run it with `chamber.run.threads.in_thread`.
"""

import functools
import hashlib
import operator
import os
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from chamber.core.errors import ConfigurationError, DockerError
from chamber.run.project.files import ProjectFile, Selection
from chamber.run.project.identity import identity, key_of
from chamber.run.project.secrets import LONGEST_KEY, kind_of_key
from chamber.run.project.stat_cache import Content, Entry, StatCache
from chamber.run.threads import Stop, check, spread

__all__ = ["content_of", "contents"]

_PIECE = 1 << 20
_HEAD = 8 << 10
_WHERE_KNOWN = ("O_BINARY", "O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK")
_FLAGS: int = functools.reduce(operator.or_, [getattr(os, flag, 0) for flag in _WHERE_KNOWN], os.O_RDONLY)
_NOTHING = Entry(b"")
#: Digest of a content that was searched → the kind of key that it seems to hold, if any.
_Verdicts = Mapping[bytes, str | None]


def contents(
    directory: Path,
    selection: Selection,
    known: StatCache | None = None,
    include: Sequence[str] = (),
    *,
    stop: Stop | None = None,
) -> Content:
    """What is in the files of `selection`, of which only those that are new are read.

    Raises ConfigurationError that names the file and the kind of key, never the key, where one would leave in a
    file that is not in `include`. Of binary files only those up to 1 MiB are searched.
    Raises DockerError: a file cannot be read, or changed since it was selected.
    """
    files, looks = selection.files, selection.looks
    if known is not None and (same := known.same(looks, len(files))):
        return same
    found = known.found(looks) if known is not None else {}
    new = [file for file in files if file.is_file and file.path not in found]
    read = iter(_read(directory, new, known.verdicts() if known is not None and new else {}, stop))
    entries = [found.get(file.path) or (next(read) if file.is_file else _NOTHING) for file in files]
    digests = tuple([entry.digest for entry in entries])
    content = Content(key_of(map(identity, files, digests)), digests)
    if known is not None and (new or not known.lists(looks)):
        known.keep(looks, content, {entry.digest: entry.secret for entry in entries if entry.secret}, selection.at)
    _refuse_keys(files, entries, include)
    return content


def content_of(directory: str | Path, file: ProjectFile) -> Iterator[bytes]:
    """The bytes of `file`, in pieces. Raises DockerError: it is not there, or is not what it was any more.

    What became a link is not opened; a folder cannot be read, and a pipe or a device does not end where the file did.
    """
    left, path = file.size, f"{directory}/{file.path}"
    try:
        descriptor = os.open(path, _FLAGS)
        try:
            # One byte more is asked for than there was, so that the read that ends a file shows that it does.
            while left >= 0 and (piece := os.read(descriptor, min(_PIECE, left + 1))):
                left -= len(piece)
                yield piece[:left] if left < 0 else piece
                if left == 0 and len(piece) < _PIECE:
                    break
        finally:
            os.close(descriptor)
    except OSError as error:
        raise DockerError(f"cannot read {path}: {error.strerror}") from error
    if left:
        raise DockerError(f"{path} changed while it was being read; run it again")


def _read(directory: Path, files: Sequence[ProjectFile], verdicts: _Verdicts, stop: Stop | None) -> list[Entry]:
    """Large files in several threads. Of small ones a thread would wait longer for the interpreter than it reads."""
    root = str(directory)
    entries = [_read_one(root, file, verdicts, stop) if file.size < _PIECE else None for file in files]
    large = [file for file in files if file.size >= _PIECE]
    read = spread(lambda file: _read_in_pieces(root, file, stop), large, stop)
    return [entry or next(read) for entry in entries]


def _read_one(directory: str, file: ProjectFile, verdicts: _Verdicts, stop: Stop | None) -> Entry:
    check(stop)
    content = b"".join(content_of(directory, file))
    digest = hashlib.sha256(content).digest()
    return Entry(digest, verdicts[digest] if digest in verdicts else kind_of_key(content))


def _read_in_pieces(directory: str, file: ProjectFile, stop: Stop | None) -> Entry:
    content, kind, tail = hashlib.sha256(), None, b""
    searched = True
    for number, piece in enumerate(content_of(directory, file)):
        check(stop)
        content.update(piece)
        if number == 0:
            searched = b"\0" not in piece[:_HEAD]
        if searched and kind is None:
            kind = kind_of_key(tail + piece)
            tail = piece[-LONGEST_KEY:]
    return Entry(content.digest(), kind)


def _refuse_keys(files: Sequence[ProjectFile], entries: Sequence[Entry], include: Sequence[str]) -> None:
    allowed = {posixpath.normpath(path) for path in include}
    for file, entry in zip(files, entries, strict=True):
        if entry.secret is not None and file.path not in allowed:
            raise ConfigurationError(
                f"{file.path} seems to hold {entry.secret}, which everyone who can pull the image could read: take it "
                f"out, leave the file behind with `ignore`, or send it all the same with `include`"
            )
