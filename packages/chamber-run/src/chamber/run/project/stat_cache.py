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
_VERSION = 1
#: Nanoseconds within which two changes may get the same time: two seconds on FAT, fewer elsewhere.
_COARSEST = 2_000_000_000


class Entry(Struct, frozen=True, gc=False, array_like=True):
    """What is known of one file."""

    signature: Signature
    #: SHA-256 of its content.
    digest: bytes
    #: The kind of key that it seems to hold; None: it was searched, and holds none.
    secret: str | None = None


class _Content(Struct, array_like=True):
    version: int
    #: When the entries were made, or found to be right; nanoseconds since 1970.
    at: int
    entries: dict[str, Entry]


class StatCache:
    """The entries of the project in `directory`."""

    def __init__(self, directory: Path) -> None:
        self._name = cache.name_for(_KIND, directory)
        self._known = _decoded(cache.read(self._name))

    def found(self, paths: Sequence[str], signatures: Sequence[Signature]) -> list[Entry | None]:
        """For each file, which looks like `signatures` say, its entry; None: it has to be read."""
        known, before = self._known.entries, self._known.at - _COARSEST
        found = map(known.get, paths)
        return [
            entry
            if entry is not None and entry.signature == signature and signature[1] < before and signature[2] < before
            else None
            for entry, signature in zip(found, signatures, strict=True)
        ]

    def keep(self, entries: Mapping[str, Entry], at: int) -> None:
        """Keep these in place of what was there; `at`: before they were looked at, nanoseconds since 1970."""
        self._known = _Content(_VERSION, at, dict(entries))
        cache.write(self._name, msgpack.encode(self._known))

    def __len__(self) -> int:
        return len(self._known.entries)


def _decoded(content: bytes | None) -> _Content:
    try:
        known = msgpack.decode(content or b"", type=_Content)
    except UNREADABLE:
        return _Content(_VERSION, 0, {})
    return known if known.version == _VERSION else _Content(_VERSION, 0, {})
