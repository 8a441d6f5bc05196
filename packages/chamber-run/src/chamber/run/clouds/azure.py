"""Azure's registries (``*.azurecr.io`` and those of its national clouds).

https://learn.microsoft.com/azure/container-registry/container-registry-authentication
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from chamber.core.hooks import hookimpl

if TYPE_CHECKING:
    from chamber.run.targets import Registry

__all__ = ["chamber_run_registry"]

_SUFFIXES = (".azurecr.io", ".azurecr.cn", ".azurecr.us")


@hookimpl(optionalhook=True, trylast=True)
def chamber_run_registry(registry: str | None) -> Registry | None:
    """A registry of Azure's, with a login of the environment or of the ``az`` command."""
    host = registry.partition("/")[0].lower() if registry else ""
    if registry is None or not host.endswith(_SUFFIXES) or not host[0].isalnum():
        return None
    from chamber.run.clouds import acr
    from chamber.run.targets import Registry

    return Registry(registry, login=partial(acr.login, f"https://{host}"))
