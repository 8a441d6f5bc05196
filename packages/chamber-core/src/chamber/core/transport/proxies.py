"""Which proxy a URL goes through, from the environment or the system's settings: netrc is never read."""

from __future__ import annotations

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from chamber.core.loopback import is_loopback

__all__ = ["proxy_for"]


def proxy_for(url: str) -> str | None:
    """The proxy of ``HTTPS_PROXY``, ``HTTP_PROXY`` or ``ALL_PROXY`` for `url`, unless ``NO_PROXY`` names its host.

    This machine is never asked through one: plain HTTP is allowed to it because nothing leaves it.
    """
    parts = urlsplit(url)
    if is_loopback(parts.hostname):
        return None
    proxies = getproxies()
    if not proxies or proxy_bypass(parts.hostname or ""):
        return None
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    return proxy if proxy is None or "://" in proxy else f"http://{proxy}"
