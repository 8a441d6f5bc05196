"""A compressed tar without times and owners: the same entries give the same bytes.

Entries belong to uid and gid 0 and carry no time; the gzip header carries none either
(OCI image specification, "Image Layer Filesystem Changeset").
"""

import contextlib
import hashlib
import tarfile
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import PurePosixPath
from tempfile import TemporaryFile, gettempdir
from typing import IO, Self

from msgspec import Struct

from chamber.core.errors import DockerError
from chamber.run.images.deflate import compressor

__all__ = ["Packed", "Tarball", "entry", "parents"]

_IN_MEMORY = 8 << 20
#: Bytes that are hashed and compressed at once: the same ones for the same tar, however its pieces came.
_BLOCK = 1 << 20


class Packed(Struct, frozen=True, eq=False):
    """What a tarball became."""

    #: Of the compressed bytes; ``sha256:…``.
    digest: str
    #: Of the tar inside; ``sha256:…``.
    diff_id: str
    #: Compressed, in bytes.
    size: int
    #: The compressed bytes; a large one is a temporary file without a name.
    content: IO[bytes]


class Tarball:
    """Writes tar, gzip and both digests in one pass; an error gives the temporary file back.

    Each method raises DockerError: there is no room for the temporary file.
    """

    def __init__(self) -> None:
        self._file: IO[bytes] = BytesIO()
        self._gzip = compressor()
        self._digest = hashlib.sha256()
        self._diff_id = hashlib.sha256()
        self._waiting = bytearray()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            with contextlib.suppress(OSError):  # what could not be written before, cannot be now
                self._file.close()

    def add(self, header: tarfile.TarInfo, content: Iterable[bytes] = ()) -> None:
        """One entry; `content` has as many bytes as its header says."""
        self._write(header.tobuf(tarfile.PAX_FORMAT, "utf-8"))
        for piece in content:
            self._write(piece)
        self._write(b"\0" * (-header.size % tarfile.BLOCKSIZE))

    def finish(self) -> Packed:
        """The whole, to be closed by whoever takes it."""
        self._write(b"\0" * (2 * tarfile.BLOCKSIZE))
        self._pass_on(self._waiting)
        self._store(self._gzip.flush())
        with _room():
            size = self._file.tell()
            self._file.seek(0)
        return Packed(_named(self._digest), _named(self._diff_id), size, self._file)

    def _write(self, tar: bytes) -> None:
        self._waiting += tar
        if len(self._waiting) >= _BLOCK:
            whole = len(self._waiting) // _BLOCK * _BLOCK
            for start in range(0, whole, _BLOCK):
                self._pass_on(self._waiting[start : start + _BLOCK])
            del self._waiting[:whole]

    def _pass_on(self, block: bytes | bytearray) -> None:
        self._diff_id.update(block)
        self._store(self._gzip.compress(block))

    def _store(self, compressed: bytes) -> None:
        self._digest.update(compressed)
        with _room():
            self._file.write(compressed)
            if isinstance(self._file, BytesIO) and self._file.tell() > _IN_MEMORY:
                self._file = _on_disk(self._file.getvalue())


def entry(
    path: str, *, size: int = 0, mode: int = 0o644, link: str | None = None, is_folder: bool = False
) -> tarfile.TarInfo:
    """The header of one entry, of nobody and without a time."""
    header = tarfile.TarInfo(path)
    header.size, header.mode = size, mode
    if is_folder:
        header.type = tarfile.DIRTYPE
    if link is not None:
        header.type, header.linkname = tarfile.SYMTYPE, link
    return header


def parents(paths: Iterable[str]) -> list[str]:
    """The folders above `paths`, sorted, because some engines would make them unreadable for other users."""
    direct = {path.rpartition("/")[0] for path in paths}
    above = {str(parent) for folder in direct for parent in PurePosixPath(folder).parents}
    return sorted((direct | above) - {"", "."})


def _on_disk(content: bytes) -> IO[bytes]:
    file = TemporaryFile()  # noqa: SIM115
    try:
        file.write(content)
    except BaseException:
        with contextlib.suppress(OSError):
            file.close()
        raise
    return file


@contextlib.contextmanager
def _room() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DockerError(
            f"A layer cannot be packed in {gettempdir()} ({error.strerror}): make room there, or set TMPDIR"
        ) from None


def _named(digest: "hashlib._Hash") -> str:
    return f"sha256:{digest.hexdigest()}"
