"""What was read in the files of a project, kept so that a file that looks the same is not read again.

The rule is git's, for an index that is "racily clean"
(https://git-scm.com/docs/racy-git): a file that was changed no earlier than shortly before it was read could be
changed again without looking different, so it is read again.
"""

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct, msgpack

from chamber.core.unreadable import UNREADABLE
from chamber.run import cache

__all__ = ["Entry", "Signature", "Signatures", "StatCache"]

#: Size, time of change of content and of inode (nanoseconds), inode and mode of a file.
Signature = tuple[int, int, int, int, int]
#: Of several; None for a link or a folder.
Signatures = Sequence[Signature | None]

_KIND = "files"
_VERSION = 3
#: Nanoseconds within which two changes may get the same time: two seconds on FAT, fewer elsewhere.
_COARSEST = 2_000_000_000


class Entry(Struct, frozen=True, gc=False):
    """What is known of one file."""

    #: SHA-256 of its content; empty for a link or a folder.
    digest: bytes
    #: The kind of key that it seems to hold; None: it was searched, and holds none.
    secret: str | None = None


class _Content(Struct, array_like=True, frozen=True):
    """In columns, which are compared as a whole."""

    version: int
    #: When the entries were made, or found to be right; nanoseconds since 1970.
    at: int
    #: When the last of the files was changed.
    newest: int = 0
    #: Paths and signatures as they are written, which is how they are compared: most runs read them no further.
    listing: bytes = b""
    digests: list[bytes] = []
    #: Digest → the kind of key that such a content seems to hold.
    secrets: dict[bytes, str] = {}


class _Listing(Struct, array_like=True):
    paths: Sequence[str]
    signatures: Signatures


class StatCache:
    """What is known of the files of the project in `directory`."""

    def __init__(self, directory: Path) -> None:
        self._name = cache.name_for(_KIND, directory)
        self._known = _decoded(cache.read(self._name))

    def same(self, paths: Sequence[str], signatures: Signatures) -> Sequence[bytes] | None:
        """The digests of these files, where they are what is known and look the same, and hold no key; None: not so."""
        known = self._known
        if known.secrets or known.newest >= known.at - _COARSEST or not self.lists(paths, signatures):
            return None
        return known.digests if len(known.digests) == len(paths) else None

    def lists(self, paths: Sequence[str], signatures: Signatures) -> bool:
        """Whether these are the files that are known, and look the same."""
        return self._known.listing == msgpack.encode(_Listing(paths, signatures))

    def found(self, paths: Sequence[str], signatures: Signatures) -> list[Entry | None]:
        """For each file, which looks like `signatures` say, its entry; None: it has to be read."""
        return list(map(self._entries().get, zip(paths, signatures, strict=True)))

    def verdicts(self) -> dict[bytes, str | None]:
        """Digest of each content that was searched → the kind of key that it seems to hold, if any."""
        return dict.fromkeys(self._known.digests) | self._known.secrets

    def keep(self, paths: Sequence[str], signatures: Signatures, entries: Sequence[Entry], at: int) -> None:
        """Keep these in place of what was there; `at`: before they were looked at, nanoseconds since 1970."""
        self._known = _Content(
            version=_VERSION,
            at=at,
            newest=max([_changed(signature) for signature in signatures if signature], default=0),
            listing=msgpack.encode(_Listing(paths, signatures)),
            digests=[entry.digest for entry in entries],
            secrets={entry.digest: entry.secret for entry in entries if entry.secret},
        )
        cache.write(self._name, msgpack.encode(self._known))

    def _entries(self) -> dict[tuple[str, Signature | None], Entry]:
        """Of what was not changed shortly before."""
        known, before = self._known, self._known.at - _COARSEST
        try:
            listing = msgpack.decode(known.listing, type=_Listing)
        except UNREADABLE:
            return {}
        return {
            (path, signature): Entry(digest, known.secrets.get(digest))
            for path, signature, digest in zip(listing.paths, listing.signatures, known.digests, strict=False)
            if signature and _changed(signature) < before
        }


def _changed(signature: Signature) -> int:
    return max(signature[1:3])


def _decoded(content: bytes | None) -> _Content:
    try:
        known = msgpack.decode(content or b"", type=_Content)
    except UNREADABLE:
        return _Content(_VERSION, 0)
    return known if known.version == _VERSION else _Content(_VERSION, 0)
