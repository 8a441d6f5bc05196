"""Docker Hub: the access token that CI keeps in DOCKERHUB_USERNAME and DOCKERHUB_TOKEN.

https://docs.docker.com/build/ci/github-actions/ names the variables so.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from chamber.core.hooks import hookimpl

if TYPE_CHECKING:
    from chamber.run.targets import Registry

__all__ = ["chamber_run_registry"]

_HOSTS = {"docker.io", "index.docker.io", "registry-1.docker.io"}


@hookimpl(optionalhook=True, trylast=True)
def chamber_run_registry(registry: str | None) -> Registry | None:
    """Docker Hub, with a login from the environment."""
    if registry is None or registry.partition("/")[0].lower() not in _HOSTS:
        return None
    from chamber.run.clouds.variables import pair
    from chamber.run.targets import Registry

    return Registry(registry, login=partial(pair, "DOCKERHUB_USERNAME", "DOCKERHUB_TOKEN"))
