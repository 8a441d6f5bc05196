"""Harbor: the user or robot that HARBOR_USERNAME and HARBOR_PASSWORD name for the registry at HARBOR_URL.

The variables are those of Harbor's Terraform provider, https://github.com/goharbor/terraform-provider-harbor; a robot
is ``robot$name``, https://goharbor.io/docs/main/working-with-projects/project-configuration/create-robot-accounts/.
"""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from chamber.core.hooks import hookimpl

if TYPE_CHECKING:
    from chamber.run.targets import Registry

__all__ = ["chamber_run_registry"]


@hookimpl(optionalhook=True, trylast=True)
def chamber_run_registry(registry: str | None) -> Registry | None:
    """The Harbor of HARBOR_URL, with a login from the environment."""
    host = os.environ.get("HARBOR_URL", "").partition("://")[2].partition("/")[0].lower()
    if not host or registry is None or registry.partition("/")[0].lower() != host:
        return None
    from chamber.run.clouds.variables import pair
    from chamber.run.targets import Registry

    return Registry(registry, login=partial(pair, "HARBOR_USERNAME", "HARBOR_PASSWORD"))
