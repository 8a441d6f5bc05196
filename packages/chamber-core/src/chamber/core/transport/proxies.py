"""Which proxy a URL goes through, from the environment or the system's settings: netrc is never read."""

from __future__ import annotations

import functools
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from chamber.core.loopback import is_loopback

__all__ = ["proxy_for"]


def proxy_for(url: str) -> str | None:
    """The proxy of ``HTTPS_PROXY``, ``HTTP_PROXY`` or ``ALL_PROXY`` for `url`, unless ``NO_PROXY`` names its host.

    This machine is never asked through one: plain HTTP is allowed to it because nothing leaves it.
    """
    scheme, host, is_here = _origin("/".join(url.split("/", 3)[:3]))
    if is_here:
        return None
    proxies = getproxies()
    if not proxies or proxy_bypass(host or ""):
        return None
    proxy = proxies.get(scheme) or proxies.get("all")
    return proxy if proxy is None or "://" in proxy else f"http://{proxy}"


@functools.lru_cache(maxsize=64)
def _origin(url: str) -> tuple[str, str | None, bool]:
    """Scheme and host of a URL, and whether that is this machine."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, is_loopback(parts.hostname)
