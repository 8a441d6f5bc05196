"""A project's files as image layers: planned by what is in them, and packed when a registry lacks them.

The same tree gives the same keys, tars and diff_ids on any machine; see `chamber.run.images.deflate` for the digests
of what is compressed. Everything here blocks: run it with `chamber.run.threads.in_thread`.
"""

import functools
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Self

from msgspec import Struct
from msgspec.structs import replace

from chamber.core.errors import ConfigurationError, DockerError
from chamber.run.images.buckets import MOST_LAYERS, bucket_of, count
from chamber.run.images.layer_cache import Kind, LayerCache, StoredLayer
from chamber.run.images.tarball import Packed, Tarball, entry, parents
from chamber.run.project.files import GeneratedFile, ProjectFile, Selection
from chamber.run.project.identity import identity, key_of
from chamber.run.project.reading import content_of, contents
from chamber.run.project.stat_cache import Content, StatCache
from chamber.run.threads import Stop, check

__all__ = [
    "Kind",
    "Layer",
    "LayerFile",
    "PlannedLayer",
    "ProjectLayers",
    "StoredLayer",
    "image_key",
    "pack_entries",
    "plan_layers",
]

_KEY_DIGITS = 16
_PREFIX = "app"


class Layer(StoredLayer, frozen=True, eq=False):
    """A layer with its bytes. A large one is a temporary file without a name: close it, or use it in a ``with``."""

    #: The compressed bytes.
    content: IO[bytes]

    def close(self) -> None:
        """Give the bytes back."""
        self.content.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class LayerFile(Struct, frozen=True, gc=False):
    """A file of a layer, and what is in it."""

    file: ProjectFile
    #: SHA-256 of the content; empty for links and folders.
    digest: bytes
    #: The content of a generated file; None: it is in the project.
    content: bytes | None = None


class PlannedLayer(Struct, frozen=True):
    """Files that make one layer, sorted by path."""

    #: 64 hexadecimal digits that are the same if and only if the files are.
    key: str
    files: tuple[LayerFile, ...]
    #: What it became when it was packed before; None: that is not known.
    known: StoredLayer | None = None

    @property
    def size(self) -> int:
        """Bytes of the files, not compressed."""
        return sum(file.file.size for file in self.files)


class ProjectLayers(Struct, frozen=True, dict=True):
    """A project as layers that are yet to be packed."""

    directory: Path
    #: What was selected of it, and what is in that.
    selected: tuple[ProjectFile, ...]
    content: Content
    #: Files that are put beside those.
    generated: tuple[LayerFile, ...] = ()
    cache: LayerCache | None = None
    #: For so many layers the image has room.
    room: int = MOST_LAYERS

    @property
    def content_key(self) -> str:
        """16 hexadecimal digits that are the same if and only if the files are."""
        return self._key[:_KEY_DIGITS]

    @functools.cached_property
    def files(self) -> tuple[LayerFile, ...]:
        """All of them, sorted by path."""
        files = tuple(map(LayerFile, self.selected, self.content.digests))
        return tuple(sorted((*files, *self.generated), key=lambda one: one.file.path)) if self.generated else files

    @functools.cached_property
    def layers(self) -> tuple[PlannedLayer, ...]:
        """In the order in which they are put on the environment."""
        number = count(sum([one.file.size for one in self.files]), self.room)
        if number == 1:
            return (self._planned(self._key, self.files),) if self.files else ()
        spread: list[list[LayerFile]] = [[] for _ in range(number)]
        for one in self.files:
            spread[bucket_of(one.file.path, number)].append(one)
        return tuple([self._planned(_key(bucket), tuple(bucket)) for bucket in spread if bucket])

    def within(self, room: int) -> Self:
        """The same files in at most `room` layers."""
        return self if len(self.layers) <= room else replace(self, room=room)

    def pack(self, layer: PlannedLayer, stop: Stop | None = None) -> Layer:
        """The layer, packed, and known from now on.

        Raises DockerError: a file is not there, or has not the content any more that it was planned with.
        """
        with Tarball() as tarball:
            _add_files(tarball, self.directory, layer.files, stop)
            packed = tarball.finish()
        if layer.known is not None and layer.known.diff_id != packed.diff_id:
            packed.content.close()
            raise _changed(self.directory)
        if self.cache is not None:
            self.cache.remember(layer.key, StoredLayer(packed.digest, packed.diff_id, packed.size, "project"))
        return _layer(packed, "project")

    @functools.cached_property
    def _key(self) -> str:
        return _key(self.files) if self.generated else self.content.key

    def _planned(self, key: str, files: tuple[LayerFile, ...]) -> PlannedLayer:
        return PlannedLayer(key, files, None if self.cache is None else self.cache.find(key))


def plan_layers(
    directory: Path,
    selection: Selection,
    generated: Sequence[GeneratedFile] = (),
    include: Sequence[str] = (),
    *,
    cached: bool = True,
    stop: Stop | None = None,
) -> ProjectLayers:
    """The layers of what was selected of the project in `directory`, with the `generated` files among it.

    Reads what is not known from an earlier run; `cached`: look there, and keep what is found.

    Raises ConfigurationError: a file that is not in `include` holds a key, or one would be generated over another.
    Raises DockerError: a file cannot be read, or changed since it was selected.
    """
    content = contents(directory, selection, StatCache(directory) if cached else None, include, stop=stop)
    made = tuple(_generated(generated, selection)) if generated else ()
    return ProjectLayers(directory, selection.files, content, made, LayerCache(directory) if cached else None)


def image_key(*inputs: str) -> str:
    """16 hex digits for an image that is made of several things with keys of their own, such as the
    content key of a project and the key of its environment."""
    return hashlib.sha256("\0".join(inputs).encode()).hexdigest()[:_KEY_DIGITS]


def pack_entries(entries: Mapping[str, bytes], kind: Kind = "environment") -> Layer:
    """A layer of files made here: full paths, without a leading ``/``, and their content."""
    with Tarball() as tarball:
        _add_folders(tarball, parents(entries))
        for path, content in sorted(entries.items()):
            tarball.add(entry(path, size=len(content)), [content])
        packed = tarball.finish()
    return _layer(packed, kind)


def _layer(packed: Packed, kind: Kind) -> Layer:
    return Layer(packed.digest, packed.diff_id, packed.size, kind, packed.content)


def _generated(generated: Sequence[GeneratedFile], selection: Selection) -> Iterator[LayerFile]:
    there = {file.path for file in selection.files}
    for one in generated:
        if one.path in there:
            raise ConfigurationError(
                f"{one.path} is a file of the project, and would be made from another one: rename or ignore it"
            )
        there.add(one.path)
        file = ProjectFile(one.path, len(one.content), one.mode)
        yield LayerFile(file, hashlib.sha256(one.content).digest(), one.content)


def _key(files: Iterable[LayerFile]) -> str:
    return key_of([identity(one.file, one.digest) for one in files])


def _add_files(tarball: Tarball, directory: Path, files: Sequence[LayerFile], stop: Stop | None) -> None:
    _add_folders(tarball, parents(f"{_PREFIX}/{one.file.path}" for one in files))
    for one in files:
        check(stop)
        file, content = one.file, hashlib.sha256()
        header = entry(
            f"{_PREFIX}/{file.path}", size=file.size, mode=file.mode, link=file.link, is_folder=file.is_folder
        )
        tarball.add(header, _hashed(_content(directory, one), content, stop))
        if one.digest not in {b"", content.digest()}:
            raise _changed(directory)


def _add_folders(tarball: Tarball, folders: Iterable[str]) -> None:
    for folder in folders:
        tarball.add(entry(folder, mode=0o755, is_folder=True))


def _content(directory: Path, one: LayerFile) -> Iterable[bytes]:
    if one.content is not None:
        return [one.content]
    return content_of(directory, one.file) if one.digest else []


def _hashed(pieces: Iterable[bytes], content: "hashlib._Hash", stop: Stop | None) -> Iterator[bytes]:
    for piece in pieces:
        check(stop)
        content.update(piece)
        yield piece


def _changed(directory: Path) -> DockerError:
    return DockerError(f"{directory} changed while it was being packed; run it again")
