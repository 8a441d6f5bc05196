"""Reads ``poetry.lock``, of Poetry 1 (which package is of which group is found by walking) and of Poetry 2."""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from packaging.utils import canonicalize_name

from chamber.core.errors import ConfigurationError
from chamber.run.project.detection.environments import Environment, applies
from chamber.run.project.detection.formats import from_toml
from chamber.run.project.detection.locks.graph import Edge, Node, closure, edge_of
from chamber.run.project.detection.locks.pins import (
    Locked,
    Pin,
    Select,
    Wanted,
    checked_url,
    git_url,
    hashes_of,
    index_of,
    local_pin,
    pin_of,
)
from chamber.run.project.detection.poetry import alternatives

__all__ = ["read"]

_MAIN = "main"


class _Source(Struct, frozen=True):
    type: str
    url: str
    resolved_reference: str | None = None
    reference: str | None = None
    subdirectory: str | None = None


class _File(Struct, frozen=True):
    hash: str


class _Package(Struct, frozen=True, rename="kebab"):
    name: str
    version: str
    optional: bool = False
    develop: bool = False
    category: str | None = None
    groups: list[str] | None = None
    markers: str | dict[str, str] | None = None
    files: list[_File] = []
    dependencies: dict[str, Any] = {}
    extras: dict[str, list[str]] = {}
    source: _Source | None = None


class _Metadata(Struct, frozen=True, rename="kebab"):
    lock_version: str = "1.0"
    python_versions: str = "*"
    files: dict[str, list[_File]] = {}


class _Lock(Struct, frozen=True):
    metadata: _Metadata
    package: list[_Package] = []
    extras: dict[str, list[str]] = {}


def read(text: str, file: str, wanted: Wanted) -> Locked:
    """A ``poetry.lock`` of version 1.0 to 2.1. Raises ConfigurationError: it is malformed."""
    lock = from_toml(text, file, _Lock)
    if lock.metadata.lock_version.partition(".")[0] not in {"1", "2"}:
        raise ConfigurationError(f"{file} has version {lock.metadata.lock_version}, and 1 and 2 are known")
    pins = [(package, _pin(package, lock.metadata, f"{file}: {package.name}", wanted)) for package in lock.package]
    knows_groups = any(package.groups is not None for package in lock.package)
    select = _by_group(pins, wanted) if knows_groups else _by_walk(pins, lock, file, wanted)
    return Locked(
        select=select,
        requires_python=_specifier(lock.metadata.python_versions) or None,
        direct=frozenset(edge_of(root, file).name for root in wanted.roots) or None,
        optional=frozenset(lock.extras) - wanted.extras,
    )


def _by_group(pins: list[tuple[_Package, Pin]], wanted: Wanted) -> Select:
    groups = {_MAIN, *wanted.extras}

    def select(environment: Environment) -> list[Pin]:
        return [pin for package, pin in pins if _is_installed(package, groups, environment, wanted.extras)]

    return select


def _is_installed(package: _Package, groups: set[str], environment: Environment, extras: frozenset[str]) -> bool:
    for group in groups.intersection(package.groups or ()):
        markers = package.markers.get(group) if isinstance(package.markers, dict) else package.markers
        if package.optional and not (markers and "extra" in markers):
            continue
        if applies(markers, environment, extras):
            return True
    return False


def _by_walk(pins: list[tuple[_Package, Pin]], lock: _Lock, file: str, wanted: Wanted) -> Select:
    nodes: dict[str, list[Node]] = {}
    for package, pin in pins:
        nodes.setdefault(pin.name, []).append(Node(pin, tuple(_edges(package, file))))
    asked = [name for extra in wanted.extras for name in lock.extras.get(extra, ())]
    roots = [edge_of(root, file) for root in wanted.roots] + [Edge(canonicalize_name(name)) for name in asked]
    return lambda environment: closure(roots, nodes, environment)


def _edges(package: _Package, file: str) -> list[Edge]:
    return [
        _edge(name, one, f"{file}: {package.name}")
        for name, constraint in package.dependencies.items()
        for one in (constraint if isinstance(constraint, list) else [constraint])
    ]


def _edge(name: str, constraint: object, where: str) -> Edge:
    if isinstance(constraint, str):
        return Edge(canonicalize_name(name), specifier=_specifier(constraint))
    if not isinstance(constraint, dict):
        raise ConfigurationError(f"{where}: {name} must be a text or a table")
    extras = constraint.get("extras", [])
    markers = constraint.get("markers")
    return Edge(
        canonicalize_name(name),
        tuple(sorted(canonicalize_name(str(extra)) for extra in extras)) if isinstance(extras, list) else (),
        str(markers) if markers else None,
        specifier=_specifier(str(constraint.get("version", "*"))),
    )


def _specifier(constraint: str) -> str:
    try:
        any_of = alternatives(constraint)
    except (ValueError, IndexError):
        return ""
    return any_of[0] if len(any_of) == 1 else ""


def _pin(package: _Package, metadata: _Metadata, where: str, wanted: Wanted) -> Pin:
    source = package.source
    files = package.files or metadata.files.get(package.name, [])
    hashes = hashes_of((one.hash for one in files), where)
    name = canonicalize_name(package.name)
    match source.type if source else "":
        case "git" if source:
            commit = source.resolved_reference or source.reference
            return Pin(name, url=checked_url(git_url(source.url, commit, source.subdirectory), where))
        case "url" if source:
            return Pin(name, url=checked_url(source.url, where), hashes=hashes)
        case "directory" | "file" if source:
            return local_pin(package.name, source.url, wanted, where, editable=package.develop)
        case _:
            return pin_of(package.name, package.version, where, hashes, index_of(source.url if source else None, where))
