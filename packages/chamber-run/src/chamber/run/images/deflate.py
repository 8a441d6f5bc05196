"""The compressor of layers, and its name, because another one writes other bytes for the same tar.

The digest of a compressed layer is what one compressor makes of it: by the same version of isal (or zlib) on the same
kind of processor it is the same again. The content key and the diff_id depend on no compressor.
"""

import zlib
from typing import Protocol

try:
    from isal import __version__ as isal_version
    from isal import isal_zlib
except ImportError:  # no wheel for this machine
    isal_version, isal_zlib = "", None  # type: ignore[assignment]

__all__ = ["NAME", "Compressor", "compressor"]

_GZIP = 31
_ISAL_LEVEL = 1

#: Which compressor, in which version, at which level.
NAME: str = (
    f"isal {isal_version} {_ISAL_LEVEL}" if isal_version else f"zlib {zlib.ZLIB_RUNTIME_VERSION} {zlib.Z_BEST_SPEED}"
)


class Compressor(Protocol):
    """As of `zlib.compressobj`."""

    def compress(self, data: bytes | bytearray, /) -> bytes: ...
    def flush(self) -> bytes: ...


def compressor() -> Compressor:
    """A new one, for a gzip stream whose header carries neither a time nor a name."""
    if isal_zlib is not None:
        return isal_zlib.compressobj(_ISAL_LEVEL, isal_zlib.DEFLATED, _GZIP)
    return zlib.compressobj(zlib.Z_BEST_SPEED, zlib.DEFLATED, _GZIP)
