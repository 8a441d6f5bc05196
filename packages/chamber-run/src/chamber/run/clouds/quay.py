"""Quay: the robot account that CI keeps in QUAY_USERNAME and QUAY_PASSWORD.

https://docs.quay.io/glossary/robot-accounts.html: a robot, ``organisation+name``, and its token are a login.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from chamber.core.hooks import hookimpl

if TYPE_CHECKING:
    from chamber.run.targets import Registry

__all__ = ["chamber_run_registry"]


@hookimpl(optionalhook=True, trylast=True)
def chamber_run_registry(registry: str | None) -> Registry | None:
    """quay.io, with a login from the environment."""
    if registry is None or registry.partition("/")[0].lower() != "quay.io":
        return None
    from chamber.run.clouds.variables import pair
    from chamber.run.targets import Registry

    return Registry(registry, login=partial(pair, "QUAY_USERNAME", "QUAY_PASSWORD"))
