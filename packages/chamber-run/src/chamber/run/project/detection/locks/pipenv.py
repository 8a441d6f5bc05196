"""Reads ``Pipfile.lock`` (pipenv)."""

from __future__ import annotations

from msgspec import Struct
from packaging.utils import canonicalize_name

from chamber.core.errors import ConfigurationError
from chamber.run.project.detection.environments import applies
from chamber.run.project.detection.formats import from_json
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

__all__ = ["read"]


class _Package(Struct, frozen=True):
    version: str | None = None
    hashes: list[str] = []
    markers: str | None = None
    index: str | None = None
    git: str | None = None
    ref: str | None = None
    subdirectory: str | None = None
    path: str | None = None
    file: str | None = None
    editable: bool = False


class _Source(Struct, frozen=True):
    url: str
    name: str | None = None


class _Requires(Struct, frozen=True):
    python_version: str | None = None
    python_full_version: str | None = None


class _Meta(Struct, frozen=True):
    requires: _Requires = _Requires()
    sources: list[_Source] = []


class _Lock(Struct, frozen=True, rename={"meta": "_meta"}):
    meta: _Meta
    default: dict[str, _Package]
    develop: dict[str, _Package] = {}


def read(text: str, file: str, wanted: Wanted) -> Locked:
    """A ``Pipfile.lock``. Raises ConfigurationError: it is malformed."""
    lock = from_json(text, file, _Lock)
    indexes = {source.name: index_of(source.url, file) for source in lock.meta.sources}
    sections = [lock.default, *([lock.develop] if wanted.extras & {"develop", "dev", "dev-packages"} else [])]
    listed = {name: package for section in reversed(sections) for name, package in section.items()}
    pins = [(one, _pin(name, one, indexes, f"{file}: {name}", wanted)) for name, one in listed.items()]
    version = lock.meta.requires.python_version
    return Locked(
        select=lambda environment: [pin for one, pin in pins if applies(one.markers, environment)],
        requires_python=f"=={version}.*" if version else None,
        optional=frozenset({"develop"} if lock.develop else ()) - wanted.extras,
    )


def _pin(name: str, package: _Package, indexes: dict[str | None, str | None], where: str, wanted: Wanted) -> Pin:
    hashes = hashes_of(package.hashes, where)
    canonical = canonicalize_name(name)
    if package.path is not None:
        return local_pin(name, package.path, wanted, where, editable=package.editable)
    if package.git is not None:
        return Pin(canonical, url=checked_url(git_url(package.git, package.ref, package.subdirectory), where))
    if package.file is not None:
        if "://" not in package.file:
            return local_pin(name, package.file, wanted, where)
        return Pin(canonical, url=checked_url(package.file, where), hashes=hashes)
    version = package.version or "*"
    if version != "*" and not version.startswith("=="):
        raise ConfigurationError(f"{where}: {version!r} is not a version that is locked")
    exact = version.lstrip("=") if version != "*" else None
    return pin_of(name, exact, where, hashes, indexes.get(package.index))
