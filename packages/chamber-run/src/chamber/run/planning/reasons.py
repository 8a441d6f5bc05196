"""Why an image is made from what it is made from, what changed since the last run, and what will be sent."""

from __future__ import annotations

from msgspec import Struct
from rich.filesize import decimal

from chamber.run.images.environment import Environment
from chamber.run.images.layers import ProjectLayers
from chamber.run.planning import history
from chamber.run.planning.facts import Facts
from chamber.run.planning.history import LastRun
from chamber.run.reference import Reference, split_prefix
from chamber.run.registry import base_sizes
from chamber.run.targets import Registry

__all__ = ["Build", "explained"]


class Build(Struct, frozen=True, kw_only=True):
    """What a reader of a plan wants to know of the image, in sentences; empty where there is nothing to say."""

    base: str = ""
    environment: str = ""
    project: str = ""
    #: How many layers and bytes of the project are to be packed and uploaded.
    upload: str = ""
    #: How many bytes of the base have to cross to the registry.
    crossing: str = ""


def explained(facts: Facts, layers: ProjectLayers, registry: Registry | None, last: LastRun | None) -> Build:
    """What is told of an image; `last`: the last run of the project to that registry, where it is known."""
    return Build(
        base="" if facts.own else facts.base_why,
        environment=facts.whole or _environment(facts.environment, last),
        project=_project(layers, last),
        upload="" if facts.whole else _upload(layers),
        crossing="" if facts.own else _crossing(facts.environment, registry),
    )


def _environment(environment: Environment, last: LastRun | None) -> str:
    if environment.is_base_alone:
        return "the base alone"
    if last is None:
        return "not known here to have been built before"
    changes = ", ".join(history.changed(last.environment, history.plain(environment.inputs)))
    return f"anew, because since the last run {changes} changed" if changes else "as in the last run"


def _project(layers: ProjectLayers, last: LastRun | None) -> str:
    if last is None:
        return "new"
    return "as in the last run" if last.content_key == layers.content_key else "changed since the last run"


def _upload(layers: ProjectLayers) -> str:
    new = [layer for layer in layers.layers if layer.known is None]
    if not new:
        return "nothing that was not packed before"
    size = decimal(sum(layer.size for layer in new))
    if len(layers.layers) == 1:
        return f"1 layer, {size} before it is packed"
    return f"{len(new)} of {len(layers.layers)} layers, {size} before they are packed; the others are known"


def _crossing(environment: Environment, registry: Registry | None) -> str:
    base = Reference.parse(environment.base.location or environment.base.reference)
    if registry is None or environment.base.recipe or base.host.lower() == split_prefix(registry.prefix)[0].lower():
        return ""
    size = base_sizes.known(environment.base.reference, environment.platform)
    what = decimal(size) if size is not None else "its layers, whose size is told when they are looked up,"
    return f"{what} from {base.host} once, unless {registry.prefix} has them"
