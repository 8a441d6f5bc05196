"""Reads ``uv.lock`` (docs.astral.sh/uv/concepts/projects/layout/#the-lockfile)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit, urlunsplit

from msgspec import Struct
from packaging.utils import canonicalize_name

from chamber.core.errors import ConfigurationError
from chamber.run.project.detection.formats import from_toml
from chamber.run.project.detection.locks.graph import Edge, Node, closure
from chamber.run.project.detection.locks.pins import (
    Locked,
    Pin,
    Wanted,
    checked_url,
    git_url,
    hashes_of,
    index_of,
    local_pin,
    pin_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["read"]


class _Source(Struct, frozen=True):
    registry: str | None = None
    git: str | None = None
    url: str | None = None
    subdirectory: str | None = None
    path: str | None = None
    directory: str | None = None
    editable: str | None = None
    virtual: str | None = None


class _File(Struct, frozen=True):
    url: str | None = None
    path: str | None = None
    hash: str | None = None


class _Dependency(Struct, frozen=True):
    name: str
    version: str | None = None
    extra: list[str] = []
    marker: str | None = None


class _Package(Struct, frozen=True, rename="kebab"):
    name: str
    source: _Source
    version: str | None = None
    dependencies: list[_Dependency] = []
    optional_dependencies: dict[str, list[_Dependency]] = {}
    dev_dependencies: dict[str, list[_Dependency]] = {}
    resolution_markers: list[str] = []
    sdist: _File | None = None
    wheels: list[_File] = []


class _Lock(Struct, frozen=True, rename="kebab"):
    version: int
    requires_python: str | None = None
    package: list[_Package] = []


def read(text: str, file: str, wanted: Wanted) -> Locked:
    """A ``uv.lock``.

    Raises ConfigurationError: it is malformed, of a version that is not known, or not of this project.
    """
    lock = from_toml(text, file, _Lock)
    if lock.version != 1:
        raise ConfigurationError(f"{file} has version {lock.version}, and 1 is the one that is known")
    owners = [package for package in lock.package if _path_of(package.source) in {".", ""}]
    nodes: dict[str, list[Node]] = {}
    for package in lock.package:
        if package in owners:
            continue
        nodes.setdefault(canonicalize_name(package.name), []).append(_node(package, file, wanted))
    own = owners or [package for package in lock.package if _path_of(package.source) is not None]
    roots = [edge for package in own for edge in _roots(package, wanted.extras)]
    active = frozenset(name for package in own for name in _active(package, wanted.extras))
    return Locked(
        select=lambda environment: closure(roots, nodes, environment, active),
        requires_python=lock.requires_python,
        direct=frozenset(edge.name for edge in roots),
        optional=frozenset(name for package in own for name in _optional(package)) - wanted.extras,
    )


def _optional(package: _Package) -> list[str]:
    return [*package.optional_dependencies, *package.dev_dependencies]


def _roots(package: _Package, extras: frozenset[str]) -> Iterable[Edge]:
    tables = {**package.dev_dependencies, **package.optional_dependencies}
    listed = [*package.dependencies, *(one for name in sorted(extras) for one in tables.get(name, ()))]
    return [_edge(one) for one in listed]


def _active(package: _Package, extras: frozenset[str]) -> list[str]:
    """The names by which uv's markers speak of the extras of a project whose extras exclude each other."""
    name = canonicalize_name(package.name)
    return [f"{kind}-{len(name)}-{name}-{extra}" for kind in ("extra", "group") for extra in extras]


def _node(package: _Package, file: str, wanted: Wanted) -> Node:
    return Node(
        pin=_pin(package, f"{file}: {package.name}", wanted),
        edges=tuple(_edge(one) for one in package.dependencies),
        extras={
            canonicalize_name(name): tuple(_edge(one) for one in listed)
            for name, listed in package.optional_dependencies.items()
        },
        markers=tuple(package.resolution_markers),
    )


def _edge(one: _Dependency) -> Edge:
    extras = tuple(sorted(canonicalize_name(extra) for extra in one.extra))
    return Edge(canonicalize_name(one.name), extras, one.marker, one.version)


def _pin(package: _Package, where: str, wanted: Wanted) -> Pin:
    source = package.source
    path = _path_of(source)
    if path is not None:
        return local_pin(package.name, path, wanted, where, editable=source.editable is not None)
    files = [one for one in (package.sdist, *package.wheels) if one is not None]
    hashes = hashes_of((one.hash for one in files if one.hash), where)
    name = canonicalize_name(package.name)
    if source.git is not None:
        return Pin(name, url=checked_url(_git(source.git), where))
    if source.url is not None:
        folder = f"#subdirectory={source.subdirectory}" if source.subdirectory else ""
        return Pin(name, url=checked_url(source.url + folder, where), hashes=hashes)
    if source.registry is not None and "://" not in source.registry:
        return local_pin(package.name, source.registry, wanted, where)
    return pin_of(package.name, package.version, where, hashes, index_of(source.registry, where))


def _path_of(source: _Source) -> str | None:
    given = (source.path, source.directory, source.editable, source.virtual)
    return next((path for path in given if path is not None), None)


def _git(url: str) -> str:
    """``https://host/path?rev=main&subdirectory=x#commit`` as PEP 508 has it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    folder = parse_qs(parts.query).get("subdirectory", [None])[0]
    return git_url(urlunsplit(parts._replace(query="", fragment="")), parts.fragment or None, folder)
