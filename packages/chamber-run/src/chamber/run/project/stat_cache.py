"""What was read in the files of a project, kept so that a file that looks the same is not read again.

The rule is git's, for an index that is "racily clean"
(https://git-scm.com/docs/racy-git): a file that was changed no earlier than shortly before it was read could be
changed again without looking different, so it is read again.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct, msgpack

from chamber.core.unreadable import UNREADABLE
from chamber.run import cache

__all__ = ["Entry", "Signature", "StatCache"]

#: Size, time of change of content and of inode (nanoseconds), inode and mode of a file.
Signature = tuple[int, int, int, int, int]

_KIND = "files"
_VERSION = 2
#: Nanoseconds within which two changes may get the same time: two seconds on FAT, fewer elsewhere.
_COARSEST = 2_000_000_000
#: Bytes of a SHA-256.
_DIGEST = 32


class Entry(Struct, frozen=True, gc=False):
    """What is known of one file."""

    signature: Signature
    #: SHA-256 of its content.
    digest: bytes
    #: The kind of key that it seems to hold; None: it was searched, and holds none.
    secret: str | None = None


class _Content(Struct, array_like=True, frozen=True):
    """In columns, which are read and compared as a whole."""

    version: int
    #: When the entries were made, or found to be right; nanoseconds since 1970.
    at: int
    paths: list[str] = []
    signatures: list[Signature] = []
    #: One after the other.
    digests: bytes = b""
    #: Path → the kind of key that the file seems to hold.
    secrets: dict[str, str] = {}
    #: When the last of the files was changed.
    newest: int = 0


class StatCache:
    """The entries of the project in `directory`."""

    def __init__(self, directory: Path) -> None:
        self._name = cache.name_for(_KIND, directory)
        self._known = _decoded(cache.read(self._name))

    def found(self, paths: Sequence[str], signatures: Sequence[Signature]) -> list[Entry | None]:
        """For each file, which looks like `signatures` say, its entry; None: it has to be read."""
        places = {path: place for place, path in enumerate(self._known.paths)}
        found = map(places.get, paths)
        return [self._entry(place, signature) for place, signature in zip(found, signatures, strict=True)]

    def same(self, paths: Sequence[str], signatures: Sequence[Signature]) -> list[bytes] | None:
        """The digests of these files, where they are what is known and look the same, and hold no key; None: not so."""
        known = self._known
        if known.secrets or known.newest >= known.at - _COARSEST or known.signatures != signatures:
            return None
        return _divided(known.digests) if known.paths == paths else None

    def keep(self, entries: Mapping[str, Entry], at: int) -> None:
        """Keep these in place of what was there; `at`: before they were looked at, nanoseconds since 1970."""
        signatures = [entry.signature for entry in entries.values()]
        self._known = _Content(
            version=_VERSION,
            at=at,
            paths=list(entries),
            signatures=signatures,
            digests=b"".join([entry.digest for entry in entries.values()]),
            secrets={path: entry.secret for path, entry in entries.items() if entry.secret},
            newest=max([max(signature[1:3]) for signature in signatures], default=0),
        )
        cache.write(self._name, msgpack.encode(self._known))

    def _entry(self, place: int | None, signature: Signature) -> Entry | None:
        known, before = self._known, self._known.at - _COARSEST
        if place is None or known.signatures[place] != signature or max(signature[1:3]) >= before:
            return None
        digest = known.digests[place * _DIGEST : (place + 1) * _DIGEST]
        return Entry(signature, digest, known.secrets.get(known.paths[place]))

    def __len__(self) -> int:
        return len(self._known.paths)


def _decoded(content: bytes | None) -> _Content:
    try:
        known = msgpack.decode(content or b"", type=_Content)
    except UNREADABLE:
        return _Content(_VERSION, 0)
    return known if known.version == _VERSION and _is_whole(known) else _Content(_VERSION, 0)


def _is_whole(known: _Content) -> bool:
    return len(known.paths) == len(known.signatures) == len(known.digests) / _DIGEST


def _divided(digests: bytes) -> list[bytes]:
    return [digests[start : start + _DIGEST] for start in range(0, len(digests), _DIGEST)]
