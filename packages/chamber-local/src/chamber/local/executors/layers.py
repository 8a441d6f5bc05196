"""Unpacking image layers (OCI image spec, layer.md) without ever leaving the target folder.

Refused: absolute names, ``..``, names below a link, links that lead out, devices, fifos, whiteouts (no layer above
the marker base needs them), and more bytes or entries than the bounds allow.
"""

import gzip
import io
import os
import shutil
import tarfile
import zlib
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, cast

import msgspec

from chamber.local.executors.refusal import Refused

__all__ = ["Bounds", "unpack"]

_CHUNK = 1 << 16
_HEADER = 1 << 20


class Bounds(msgspec.Struct, frozen=True):
    """How much an image may unpack to: bytes over all, and entries."""

    size: int = 64 << 30
    entries: int = 1_000_000


def unpack(layers: Iterable[Path], target: Path, bounds: Bounds = Bounds()) -> None:  # noqa: B008 - frozen
    """Unpacks layers, lowest first, into an empty folder. Raises Refused, naming the entry."""
    budget = _Budget(bounds)
    for layer in layers:
        with layer.open("rb") as compressed:
            _unpack(compressed, target, budget)
    _verify_links(target)


class _Budget:
    def __init__(self, bounds: Bounds) -> None:
        self._bounds, self._size, self._entries = bounds, 0, 0
        #: Where a sound archive within the bounds ends at the latest, headers and padding included.
        self.last_byte = bounds.size + bounds.entries * 2048

    def spend(self, entry: tarfile.TarInfo) -> None:
        self._size += max(entry.size, 0)
        self._entries += 1
        if self._size > self._bounds.size or self._entries > self._bounds.entries:
            raise Refused(
                f"the image unpacks to more than {self._bounds.size} bytes or {self._bounds.entries} entries "
                f"(at {entry.name!r})"
            )


class _Guarded(io.RawIOBase):
    """A file that never hands out more at once than a tar header needs, so that none can fill the memory."""

    def __init__(self, file: IO[bytes], last_byte: int) -> None:
        self._file, self._last_byte = file, last_byte

    def read(self, size: int = -1, /) -> bytes:
        if not 0 <= size <= _HEADER or self._file.tell() > self._last_byte:
            raise Refused("a layer of the image is not a sound tar archive within the bounds")
        return self._file.read(size)

    def seek(self, offset: int, whence: int = 0, /) -> int:
        if whence != 0 or offset > self._last_byte:
            raise Refused("a layer of the image is not a sound tar archive within the bounds")
        return self._file.seek(offset)

    def tell(self) -> int:
        return self._file.tell()


def _unpack(compressed: BinaryIO, target: Path, budget: _Budget) -> None:
    try:
        with (
            _plain(compressed) as plain,
            tarfile.open(fileobj=_Guarded(plain, budget.last_byte), mode="r:") as archive,
        ):
            for entry in archive:
                budget.spend(entry)
                _extract(archive, entry, target)
    except (tarfile.TarError, OSError, EOFError, ValueError, zlib.error) as error:
        raise Refused(f"a layer of the image cannot be unpacked: {error}") from error


def _plain(compressed: BinaryIO) -> IO[bytes]:
    magic = compressed.read(4)
    compressed.seek(0)
    if magic == b"\x28\xb5\x2f\xfd":
        raise Refused("a layer of the image is compressed with zstd; push it with gzip")
    return cast("IO[bytes]", gzip.GzipFile(fileobj=compressed)) if magic[:2] == b"\x1f\x8b" else compressed


def _extract(archive: tarfile.TarFile, entry: tarfile.TarInfo, target: Path) -> None:
    place = _place(entry.name, target)
    if entry.isdir():
        place.mkdir(parents=True, exist_ok=True)
        return
    if place == target:
        raise Refused(f"the image holds {entry.name!r}, which is not a folder")
    place.parent.mkdir(parents=True, exist_ok=True)
    _clear(place, entry.name)
    if entry.issym():
        place.symlink_to(_link_target(entry, place, target))
    elif entry.islnk():
        _link(_place(entry.linkname, target), place, entry)
    elif entry.isfile():
        _write(archive, entry, place)
    else:
        raise Refused(f"the image holds {entry.name!r}, which is a device or a fifo")


def _place(name: str, target: Path) -> Path:
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts or "\0" in name:
        raise Refused(f"the image holds {name!r}, which leads out of its folder")
    if any(part.startswith(".wh.") for part in parts):
        raise Refused(f"the image holds the whiteout {name!r}; images on chamber.local/python only add files")
    place = target
    for part in parts[:-1]:
        place /= part
        if place.is_symlink():
            raise Refused(f"the image holds {name!r}, which lies below a link")
    return target.joinpath(*parts)


def _clear(place: Path, name: str) -> None:
    if place.is_dir() and not place.is_symlink():
        raise Refused(f"the image replaces the folder {name!r} by something else")
    place.unlink(missing_ok=True)


def _link_target(entry: tarfile.TarInfo, place: Path, target: Path) -> str:
    leads = os.path.normpath(place.parent / entry.linkname)
    if entry.linkname.startswith("/") or not Path(leads).is_relative_to(target):
        raise Refused(f"the image holds the link {entry.name!r}, which leads out of its folder")
    return entry.linkname


def _link(source: Path, place: Path, entry: tarfile.TarInfo) -> None:
    if source.is_symlink() or not source.is_file():
        raise Refused(f"the image holds the hard link {entry.name!r} to {entry.linkname!r}, which is not a file in it")
    os.link(source, place)


def _write(archive: tarfile.TarFile, entry: tarfile.TarInfo, place: Path) -> None:
    source = archive.extractfile(entry)
    assert source is not None
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with source, os.fdopen(os.open(place, flags, 0o600), "wb") as file:
        shutil.copyfileobj(source, file, _CHUNK)
        os.fchmod(file.fileno(), (entry.mode & 0o777) | 0o600)


def _verify_links(target: Path) -> None:
    root = target.resolve()
    for folder, names, files in os.walk(target):
        for path in (Path(folder, name) for name in (*names, *files)):
            if path.is_symlink() and not _end(path).is_relative_to(root):
                raise Refused(f"the image holds the link {path.relative_to(target)}, which leads out of its folder")


def _end(link: Path) -> Path:
    try:
        return link.resolve()
    except (OSError, RuntimeError):  # a loop of links leads nowhere
        return link.parent.resolve()
