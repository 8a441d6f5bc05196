"""A project's files as image layers: the same tree gives the same bytes.

Entries are sorted, belong to uid and gid 0 and carry no time; the gzip header carries none either
(OCI image specification, "Image Layer Filesystem Changeset"). Everything here blocks: run it with
`chamber.run.threads.in_thread`.
"""

import hashlib
import os
import stat
import tarfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path, PurePosixPath
from tempfile import TemporaryFile
from typing import IO, Literal, Protocol, Self

from msgspec import Struct

from chamber.core.errors import DockerError
from chamber.run.project.files import ProjectFile
from chamber.run.threads import Stop, Stopped

try:
    from isal import isal_zlib
except ImportError:  # no wheel for this machine
    isal_zlib = None  # type: ignore[assignment]

__all__ = ["Kind", "Layer", "content_key", "image_key", "pack", "pack_entries"]

Kind = Literal["environment", "project"]

_PIECE = 1 << 20
_IN_MEMORY = 8 << 20
_GZIP = 31
_KEY_DIGITS = 16


class Layer(Struct, frozen=True, eq=False):
    """A packed layer. A large one is a temporary file without a name: close it, or use it in a ``with``."""

    #: Of the compressed bytes, which the manifest names; ``sha256:…``.
    digest: str
    #: Of the tar inside, which the image's config names; ``sha256:…``.
    diff_id: str
    #: Compressed, in bytes.
    size: int
    kind: Kind
    #: The compressed bytes.
    content: IO[bytes]

    def close(self) -> None:
        """Give the bytes back."""
        self.content.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def content_key(directory: Path, files: Sequence[ProjectFile], *, stop: Stop | None = None) -> str:
    """16 hex digits that change when a path, a mode, a link or a content does."""
    key = _Key()
    for file in files:
        _check(stop)
        content = hashlib.sha256()
        for piece in _pieces(directory, file):
            content.update(piece)
        key.add(file, content.digest())
    return key.digits()


def image_key(*inputs: str) -> str:
    """16 hex digits for an image that is made of several things with keys of their own, such as the
    content key of a project and the key of its environment."""
    return hashlib.sha256("\0".join(inputs).encode()).hexdigest()[:_KEY_DIGITS]


def pack(
    directory: Path,
    files: Sequence[ProjectFile],
    prefix: str = "app",
    *,
    key: str | None = None,
    stop: Stop | None = None,
) -> Layer:
    """The project layer of `files`, as entries below `prefix`.

    Raises DockerError when a file changed since it was chosen, or when the content is not that of `key`.
    """
    with _Packer() as packer:
        packed = _pack_files(packer, directory, files, prefix, stop)
        if key not in (None, packed):
            raise DockerError(f"{directory} changed while it was being packed; run it again")
        return packer.finish("project")


def pack_entries(entries: Mapping[str, bytes], kind: Kind = "environment") -> Layer:
    """A layer of files made here: full paths, without a leading ``/``, and their content."""
    with _Packer() as packer:
        packer.add_parents(entries)
        for path, content in sorted(entries.items()):
            packer.add(_entry(path, size=len(content)), [content])
        return packer.finish(kind)


def _pack_files(
    packer: "_Packer", directory: Path, files: Sequence[ProjectFile], prefix: str, stop: Stop | None
) -> str:
    key = _Key()
    packer.add_parents(f"{prefix}/{file.path}" for file in files)
    for file in files:
        _check(stop)
        content = hashlib.sha256()
        entry = _entry(f"{prefix}/{file.path}", size=file.size, mode=file.mode, link=file.link)
        packer.add(entry, _hashed(_pieces(directory, file), content))
        key.add(file, content.digest())
    return key.digits()


class _Key:
    """The content key, fed file by file."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def add(self, file: ProjectFile, content: bytes) -> None:
        kind = "file" if file.link is None else f"link {file.link}"
        self._hash.update(f"{file.path}\0{file.mode:o}\0{kind}\0".encode() + content)

    def digits(self) -> str:
        return self._hash.hexdigest()[:_KEY_DIGITS]


class _Packer:
    """Writes tar, gzip and both digests in one pass; an error gives the temporary file back."""

    def __init__(self) -> None:
        self._file: IO[bytes] = BytesIO()
        self._gzip = _compressor()
        self._digest = hashlib.sha256()
        self._diff_id = hashlib.sha256()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._file.close()

    def add_parents(self, paths: Iterable[str]) -> None:
        """The folders of `paths`, because some engines would make them unreadable for other users."""
        parents = {str(parent) for path in paths for parent in PurePosixPath(path).parents}
        for path in sorted(parents - {"."}):
            self.add(_entry(path, mode=0o755, kind=tarfile.DIRTYPE))

    def add(self, entry: tarfile.TarInfo, content: Iterable[bytes] = ()) -> None:
        self._write(entry.tobuf(tarfile.PAX_FORMAT, "utf-8"))
        for piece in content:
            self._write(piece)
        self._write(b"\0" * (-entry.size % tarfile.BLOCKSIZE))

    def finish(self, kind: Kind) -> Layer:
        self._write(b"\0" * (2 * tarfile.BLOCKSIZE))
        self._store(self._gzip.flush())
        size = self._file.tell()
        self._file.seek(0)
        return Layer(_named(self._digest), _named(self._diff_id), size, kind, self._file)

    def _write(self, tar: bytes) -> None:
        self._diff_id.update(tar)
        self._store(self._gzip.compress(tar))

    def _store(self, compressed: bytes) -> None:
        self._digest.update(compressed)
        self._file.write(compressed)
        if isinstance(self._file, BytesIO) and self._file.tell() > _IN_MEMORY:
            self._file = _on_disk(self._file)


def _on_disk(memory: BytesIO) -> IO[bytes]:
    file = TemporaryFile()  # noqa: SIM115
    file.write(memory.getbuffer())
    return file


class _Compressor(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self) -> bytes: ...


def _compressor() -> _Compressor:
    if isal_zlib is not None:
        return isal_zlib.compressobj(isal_zlib.ISAL_DEFAULT_COMPRESSION, isal_zlib.DEFLATED, _GZIP)
    return zlib.compressobj(zlib.Z_BEST_SPEED, zlib.DEFLATED, _GZIP)


def _entry(
    path: str, *, size: int = 0, mode: int = 0o644, link: str | None = None, kind: bytes = tarfile.REGTYPE
) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(path)
    entry.size, entry.mode, entry.type = size, mode, kind
    if link is not None:
        entry.type, entry.linkname = tarfile.SYMTYPE, link
    return entry


def _pieces(directory: Path, file: ProjectFile) -> Iterator[bytes]:
    if file.link is not None:
        return
    left = file.size
    with _opened(directory / file.path) as source:
        while left >= 0 and (piece := source.read(_PIECE)):
            left -= len(piece)
            yield piece[:left] if left < 0 else piece
    if left:
        raise DockerError(f"{file.path} changed while it was being read; run it again")


def _hashed(pieces: Iterable[bytes], content: "hashlib._Hash") -> Iterator[bytes]:
    for piece in pieces:
        content.update(piece)
        yield piece


def _opened(path: Path) -> IO[bytes]:
    """The regular file at `path`; what has become a link or a pipe since it was chosen is refused."""
    try:
        file: IO[bytes] = open(path, "rb", opener=_open_itself)  # noqa: SIM115
    except OSError as error:
        raise DockerError(f"cannot read {path}: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise DockerError(f"{path} is no longer a file; run it again")
    return file


def _open_itself(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))


def _check(stop: Stop | None) -> None:
    if stop is not None and stop.is_set():
        raise Stopped


def _named(digest: "hashlib._Hash") -> str:
    return f"sha256:{digest.hexdigest()}"
