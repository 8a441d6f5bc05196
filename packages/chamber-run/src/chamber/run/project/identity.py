"""What the keys of files are made of: path, mode, kind and content."""

import functools
import hashlib
from collections.abc import Iterable

from chamber.run.project.files import ProjectFile

__all__ = ["identity", "key_of"]


def identity(file: ProjectFile, digest: bytes) -> bytes:
    """What tells a file from all others; `digest` is that of its content, empty for a link or a folder."""
    return file.path.encode() + (_file(file.mode) if digest else _link_or_folder(file)) + digest


def key_of(identities: Iterable[bytes]) -> str:
    """64 hexadecimal digits that are the same if and only if all of these are."""
    return hashlib.sha256(b"".join(identities)).hexdigest()


@functools.cache
def _file(mode: int) -> bytes:
    return f"\0{mode:o}\0file\0".encode()


def _link_or_folder(file: ProjectFile) -> bytes:
    kind = "folder" if file.is_folder else f"link {file.link}"
    return f"\0{file.mode:o}\0{kind}\0".encode()
