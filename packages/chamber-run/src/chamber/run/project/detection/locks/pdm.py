"""Reads ``pdm.lock`` (pdm-project.org, "Lock file")."""

from __future__ import annotations

from msgspec import Struct
from packaging.utils import canonicalize_name

from chamber.core.errors import ConfigurationError
from chamber.run.project.detection.environments import Environment, applies
from chamber.run.project.detection.formats import from_toml
from chamber.run.project.detection.locks.graph import Node, closure, edge_of
from chamber.run.project.detection.locks.pins import (
    Locked,
    Pin,
    Select,
    Wanted,
    checked_url,
    git_url,
    hashes_of,
    local_pin,
    pin_of,
)

__all__ = ["read"]

_DEFAULT = "default"


class _File(Struct, frozen=True):
    hash: str | None = None
    url: str | None = None
    file: str | None = None


class _Package(Struct, frozen=True):
    name: str
    version: str | None = None
    extras: list[str] = []
    groups: list[str] | None = None
    marker: str | None = None
    dependencies: list[str] = []
    files: list[_File] = []
    git: str | None = None
    revision: str | None = None
    subdirectory: str | None = None
    url: str | None = None
    path: str | None = None
    editable: bool = False


class _Target(Struct, frozen=True):
    requires_python: str | None = None


class _Metadata(Struct, frozen=True):
    lock_version: str = "4"
    groups: list[str] = []
    targets: list[_Target] = []


class _Lock(Struct, frozen=True):
    metadata: _Metadata
    package: list[_Package] = []


def read(text: str, file: str, wanted: Wanted) -> Locked:
    """A ``pdm.lock`` of version 4. Raises ConfigurationError: it is malformed, or older."""
    lock = from_toml(text, file, _Lock)
    if lock.metadata.lock_version.partition(".")[0] != "4":
        raise ConfigurationError(
            f"{file} has version {lock.metadata.lock_version}, and 4 is the one that is known: pdm lock writes it anew"
        )
    pins = [(package, _pin(package, f"{file}: {package.name}", wanted)) for package in lock.package]
    knows_groups = any(package.groups is not None for package in lock.package)
    target = lock.metadata.targets[0].requires_python if lock.metadata.targets else None
    return Locked(
        select=_by_group(pins, wanted) if knows_groups else _by_walk(pins, file, wanted),
        requires_python=target,
        direct=frozenset(edge_of(root, file).name for root in wanted.roots) or None,
        optional=frozenset(lock.metadata.groups) - {_DEFAULT} - wanted.extras,
    )


def _by_group(pins: list[tuple[_Package, Pin]], wanted: Wanted) -> Select:
    groups = {_DEFAULT, *wanted.extras}

    def select(environment: Environment) -> list[Pin]:
        return [
            pin
            for package, pin in pins
            if groups.intersection(package.groups or ()) and applies(package.marker, environment)
        ]

    return select


def _by_walk(pins: list[tuple[_Package, Pin]], file: str, wanted: Wanted) -> Select:
    nodes: dict[str, list[Node]] = {}
    for package, pin in pins:
        where = f"{file}: {package.name}"
        edges = tuple(edge_of(text, where) for text in package.dependencies)
        if package.extras:
            node = Node(pin, extras={canonicalize_name(extra): edges for extra in package.extras})
        else:
            node = Node(pin, edges)
        nodes.setdefault(pin.name, []).append(node)
    merged = {name: _merged(of_name) for name, of_name in nodes.items()}
    roots = [edge_of(root, file) for root in wanted.roots]
    return lambda environment: closure(roots, merged, environment)


def _merged(nodes: list[Node]) -> list[Node]:
    """pdm has an entry of its own for a package with extras: one node for each version."""
    by_pin: dict[Pin, Node] = {}
    for node in nodes:
        before = by_pin.get(node.pin, Node(node.pin))
        by_pin[node.pin] = Node(node.pin, before.edges + node.edges, {**before.extras, **node.extras})
    return list(by_pin.values())


def _pin(package: _Package, where: str, wanted: Wanted) -> Pin:
    hashes = hashes_of((one.hash for one in package.files if one.hash), where)
    name = canonicalize_name(package.name)
    if package.path is not None:
        return local_pin(package.name, package.path, wanted, where, editable=package.editable)
    if package.git is not None:
        return Pin(name, url=checked_url(git_url(package.git, package.revision, package.subdirectory), where))
    if package.url is not None:
        return Pin(name, url=checked_url(package.url, where), hashes=hashes)
    return pin_of(package.name, package.version, where, hashes)
