"""What layers became when they were packed, by their keys, so that one that is in the registry is not packed again."""

import functools
import threading
from pathlib import Path
from typing import Literal

from msgspec import Struct, msgpack

from chamber.core.unreadable import UNREADABLE
from chamber.run import cache
from chamber.run.images.deflate import NAME

__all__ = ["Kind", "LayerCache", "StoredLayer"]

Kind = Literal["environment", "project"]

_KIND = "layers"
#: Of the way in which files become a tar; the compressor has a name of its own.
_VERSION = f"1 {NAME}"
_MOST = 1024


class StoredLayer(Struct, frozen=True, array_like=True):
    """A packed layer, wherever its bytes are."""

    #: Of the compressed bytes, which the manifest names; ``sha256:…``.
    digest: str
    #: Of the tar inside, which the image's config names; ``sha256:…``.
    diff_id: str
    #: Compressed, in bytes.
    size: int
    kind: Kind


class _Content(Struct, array_like=True):
    version: str
    layers: dict[str, StoredLayer]


_CONTENT = msgpack.Decoder(_Content)


class LayerCache:
    """The layers of the project in `directory` that this machine packed with this compressor; for many threads."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        #: Or what one thread keeps could be replaced by what another kept before it.
        self._lock = threading.Lock()

    def find(self, key: str) -> StoredLayer | None:
        """The layer with this key; None: it has to be packed to be known."""
        with self._lock:
            return self._layers.get(key)

    def remember(self, key: str, layer: StoredLayer) -> None:
        """Keep it, and forget those that were kept longest ago."""
        with self._lock:
            layers = self._layers
            if layers.get(key) == layer:
                return
            layers.pop(key, None)
            layers[key] = layer
            for oldest in list(layers)[:-_MOST]:
                del layers[oldest]
            cache.write(self._name, msgpack.encode(_Content(_VERSION, layers)))

    @functools.cached_property
    def _name(self) -> str:
        return cache.name_for(_KIND, self._directory)

    @functools.cached_property
    def _layers(self) -> dict[str, StoredLayer]:
        return _decoded(cache.read(self._name))


def _decoded(content: bytes | None) -> dict[str, StoredLayer]:
    try:
        known = _CONTENT.decode(content or b"")
    except UNREADABLE:
        return {}
    return known.layers if known.version == _VERSION else {}
