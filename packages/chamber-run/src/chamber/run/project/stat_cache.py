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

__all__ = ["Content", "Entry", "Look", "Signature", "StatCache", "encoded"]

#: Size, time of change of content and of inode (nanoseconds), inode and mode of a file.
Signature = tuple[int, int, int, int, int]
#: Of a file its signature, of a link what it points to, of a folder nothing.
Look = Signature | str | None

_KIND = "files"
#: Of what is kept, and of what `Content.key` is made of.
_VERSION = 4
#: Nanoseconds within which two changes may get the same time: two seconds on FAT, fewer elsewhere.
_COARSEST = 2_000_000_000


class Entry(Struct, frozen=True, gc=False):
    """What is known of one file."""

    #: SHA-256 of its content; empty for a link or a folder.
    digest: bytes
    #: The kind of key that it seems to hold; None: it was searched, and holds none.
    secret: str | None = None


class Content(Struct, array_like=True, frozen=True):
    """What is in the files of a project, all of them."""

    #: 64 hexadecimal digits that are the same if and only if paths, modes, kinds and contents are.
    key: str = ""
    #: SHA-256 of each, sorted by path; empty for a link or a folder.
    digests: tuple[bytes, ...] = ()


class _Known(Struct, array_like=True, frozen=True):
    """In columns, which are compared as a whole."""

    version: int
    #: When the contents were read, or found to be the same; nanoseconds since 1970.
    at: int
    #: When the last of the files was changed.
    newest: int = 0
    #: Of each folder; compared as they are written, and read no further in most runs.
    looks: tuple[bytes, ...] = ()
    content: Content = Content()
    #: Digest → the kind of key that such a content seems to hold.
    secrets: dict[bytes, str] = {}


_NOTHING = _Known(_VERSION, 0)
_KNOWN, _LOOKS = msgpack.Decoder(_Known), msgpack.Decoder(dict[str, Look])


def encoded(looks: Mapping[str, Look]) -> bytes:
    """How what was chosen of one folder looks, by path, in one piece."""
    return msgpack.encode(looks)


class StatCache:
    """What is known of the files of the project in `directory`."""

    def __init__(self, directory: Path) -> None:
        self._name = cache.name_for(_KIND, directory)
        self._known = _decoded(cache.read(self._name))
        #: Of folders, so that those that look as before are decoded once.
        self._folders: dict[bytes, dict[str, Look]] = {}

    def same(self, looks: Sequence[bytes], files: int) -> Content | None:
        """The content of so many files, if they look the same as those known, and hold no key; None: not so."""
        known = self._known
        if known.secrets or known.newest >= known.at - _COARSEST or not self.lists(looks):
            return None
        return known.content if len(known.content.digests) == files else None

    def lists(self, looks: Sequence[bytes]) -> bool:
        """Whether these are the files that are known, and look the same."""
        return self._known.looks == looks

    def found(self, looks: Sequence[bytes]) -> dict[str, Entry]:
        """By its path what is known of each file that looks as before; the others have to be read."""
        entries = self._entries()
        found = ((one[0], entries.get(one)) for one in self._all(looks).items())
        return {path: entry for path, entry in found if entry}

    def verdicts(self) -> dict[bytes, str | None]:
        """Digest of each content that was searched → the kind of key that it seems to hold, if any."""
        return dict.fromkeys(self._known.content.digests) | self._known.secrets

    def keep(self, looks: Sequence[bytes], content: Content, secrets: Mapping[bytes, str], at: int) -> None:
        """Keep these in place of what was there; `secrets`: digest → kind of key; `at`: before the files were looked
        at, nanoseconds since 1970."""
        changed = [_changed(look) for look in self._all(looks).values() if isinstance(look, tuple)]
        self._known = _Known(_VERSION, at, max(changed, default=0), tuple(looks), content, dict(secrets))
        cache.write(self._name, msgpack.encode(self._known))

    def _entries(self) -> dict[tuple[str, Look], Entry]:
        """Of what was not changed shortly before."""
        known, before = self._known, self._known.at - _COARSEST
        try:
            looks = self._all(known.looks)
        except UNREADABLE:
            return {}
        return {
            (path, look): Entry(digest, known.secrets.get(digest))
            for path, digest in zip(sorted(looks), known.content.digests, strict=False)
            if isinstance(look := looks[path], tuple) and _changed(look) < before
        }

    def _all(self, encoded: Sequence[bytes]) -> dict[str, Look]:
        """How what was chosen of these folders looks."""
        looks: dict[str, Look] = {}
        for folder in encoded:
            if folder not in self._folders:
                self._folders[folder] = _LOOKS.decode(folder)
            looks.update(self._folders[folder])
        return looks


def _changed(signature: Signature) -> int:
    return max(signature[1:3])


def _decoded(content: bytes | None) -> _Known:
    try:
        known = _KNOWN.decode(content or b"")
    except UNREADABLE:
        return _NOTHING
    return known if known.version == _VERSION else _NOTHING
