"""Over how many layers a project is spread, and which file goes into which."""

from zlib import crc32

__all__ = ["MOST_LAYERS", "bucket_of", "count"]

#: Layers that engines put up with in one image are 127 or 128; a few are left to whoever builds on ours.
MOST_LAYERS = 120

_LARGE = 32 << 20
_MOST = 16
#: 2**32 by the golden ratio. The checksums of names that differ in a digit have most of their bits in common; those of
#: their products with it, from the 32nd on, are as those of a hash, which would take four times as long.
_MIXING = 0x9E3779B1


def count(size: int, room: int = MOST_LAYERS) -> int:
    """How many layers a project of `size` bytes takes where the image has `room` for so many: one, or a power of two.

    A power, because then `bucket_of` merges whole layers where there are fewer of them.
    """
    if size < _LARGE:
        return 1
    return min(_MOST, 1 << max(room, 1).bit_length() - 1)


def bucket_of(path: str, layers: int) -> int:
    """The number of the layer of the file at `path`, which nothing but the path decides."""
    return (crc32(path.encode()) * _MIXING >> 32) % layers
