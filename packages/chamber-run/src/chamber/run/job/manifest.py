"""The manifest of a job: Kubernetes objects, written as YAML documents."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import yaml

from chamber.core.errors import ConfigurationError
from chamber.run.job.objects import build, templates
from chamber.run.job.pods import DIGEST, PROJECT, TEAM_LABEL, Job

__all__ = [
    "LARGEST",
    "TEAM_LABEL",
    "Job",
    "belongs_to",
    "build",
    "parsed",
    "rendered",
    "with_image",
    "with_labels",
    "with_values",
    "with_variables",
    "without_values",
]

#: What the API takes, in characters.
LARGEST = 65_536


def rendered(objects: Sequence[Mapping[str, Any]]) -> str:
    """The objects as YAML, in documents of their own.

    Raises ConfigurationError: they have more characters than the API takes.
    """
    text = "---\n".join(yaml.dump(made, Dumper=_Dumper, sort_keys=False, width=2**20) for made in objects)
    if len(text) > LARGEST:
        raise ConfigurationError(
            f"The manifest has {len(text)} characters, and {LARGEST} are allowed: pass less in env and "
            "entrypoint_args, for example the name of a file of the project"
        )
    return text


def parsed(text: str) -> tuple[dict[str, Any], ...]:
    """The objects that were written as `text`."""
    return tuple(yaml.safe_load_all(text))


def belongs_to(objects: Sequence[Mapping[str, Any]], team: str) -> bool:
    """Whether the scheduler finds the team on every object and on its pods."""
    owners = (owner for made in objects for owner in (made, *templates(made)))
    return all(owner.get("metadata", {}).get("labels", {}).get(TEAM_LABEL) == team for owner in owners)


def with_image(text: str, planned: str, actual: str) -> str:
    """The manifest with another reference in place of the image that was planned, and its digest where it has one."""
    objects = parsed(text)
    for container in _containers(objects):
        if container.get("image") == planned:
            container["image"] = actual
    digest = actual.partition("@")[2]
    if digest:
        _annotate(objects, {DIGEST: digest})
    return rendered(objects)


def without_values(text: str, names: Collection[str]) -> str:
    """The manifest with ``***`` in place of the values of these environment variables."""
    objects = parsed(text)
    for container in _containers(objects):
        for variable in container.get("env", ()):
            if variable["name"] in names and "value" in variable:
                variable["value"] = "***"
    return rendered(objects)


def with_values(text: str, values: Mapping[str, str]) -> str:
    """The manifest with the values of these environment variables, which `without_values` took out."""
    if not values:
        return text
    objects = parsed(text)
    for container in _containers(objects):
        for variable in container.get("env", ()):
            if "value" in variable:
                variable["value"] = values.get(variable["name"], variable["value"])
    return rendered(objects)


def with_labels(text: str, labels: Mapping[str, str]) -> str:
    """The manifest with more labels, on each object and each pod."""
    objects = parsed(text)
    for owner in (owner for made in objects for owner in (made, *templates(made))):
        owner.setdefault("metadata", {}).setdefault("labels", {}).update(labels)
    return rendered(objects)


def with_variables(text: str, change: Callable[[Mapping[str, str]], Mapping[str, str]]) -> str:
    """The manifest with more environment variables in each container: what `change` makes of those that it has."""
    objects = parsed(text)
    for container in _containers(objects):
        held = container.setdefault("env", [])
        more = change({variable["name"]: variable["value"] for variable in held if "value" in variable})
        container["env"] = [variable for variable in held if variable["name"] not in more]
        container["env"] += [{"name": name, "value": value} for name, value in more.items()]
    return rendered(objects)


def _annotate(objects: Sequence[dict[str, Any]], more: Mapping[str, str]) -> None:
    """Adds annotations where ours are."""
    for owner in (owner for made in objects for owner in (made, *templates(made))):
        annotations = owner.get("metadata", {}).get("annotations", {})
        if PROJECT in annotations:
            annotations.update(more)


def _containers(objects: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for template in (template for made in objects for template in templates(made)):
        pod = template.get("spec", {})
        yield from pod.get("initContainers", ())
        yield from pod.get("containers", ())


class _Dumper(yaml.SafeDumper):
    """Writes a text without quotes only where every version of YAML reads a text, and never an anchor."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    plain = _PLAIN.fullmatch(text) and text.lower() not in _YAML_1_1
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')


_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9/._-]*")
_YAML_1_1 = {"y", "n"}
_Dumper.add_representer(str, _text)
