"""How many bytes the base images have that were met before, so that a plan can tell without asking a registry."""

from msgspec import json

from chamber.core.unreadable import UNREADABLE
from chamber.run import cache

__all__ = ["known", "remember"]

_NAME = "base-sizes.json"
_MOST = 256


def known(reference: str, platform: str) -> int | None:
    """Compressed bytes of the layers of a base image when it was last used; None: it never was."""
    return _read().get(_key(reference, platform))


def remember(reference: str, platform: str, size: int) -> None:
    """Keep the size, in bytes, and forget those that were kept longest ago."""
    sizes, key = _read(), _key(reference, platform)
    if sizes.get(key) == size:
        return
    sizes.pop(key, None)
    sizes[key] = size
    cache.write(_NAME, json.encode(dict(list(sizes.items())[-_MOST:])))


def _key(reference: str, platform: str) -> str:
    return f"{platform} {reference}"


def _read() -> dict[str, int]:
    try:
        return json.decode(cache.read(_NAME) or b"{}", type=dict[str, int])
    except UNREADABLE:
        return {}
