"""Reads ``pylock.toml`` (packaging.python.org/en/latest/specifications/pylock-toml, PEP 751)."""

from __future__ import annotations

from msgspec import Struct
from packaging.utils import canonicalize_name

from chamber.core.errors import ConfigurationError
from chamber.run.project.detection.environments import applies
from chamber.run.project.detection.formats import from_toml
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


class _Vcs(Struct, frozen=True, rename="kebab"):
    type: str
    commit_id: str
    url: str | None = None
    path: str | None = None
    subdirectory: str | None = None


class _Directory(Struct, frozen=True):
    path: str
    editable: bool = False


class _File(Struct, frozen=True):
    hashes: dict[str, str] = {}
    url: str | None = None
    path: str | None = None
    name: str | None = None
    subdirectory: str | None = None


class _Package(Struct, frozen=True, rename="kebab"):
    name: str
    version: str | None = None
    marker: str | None = None
    index: str | None = None
    vcs: _Vcs | None = None
    directory: _Directory | None = None
    archive: _File | None = None
    sdist: _File | None = None
    wheels: list[_File] = []


class _Lock(Struct, frozen=True, rename="kebab"):
    lock_version: str
    created_by: str
    packages: list[_Package]
    requires_python: str | None = None
    extras: list[str] = []
    dependency_groups: list[str] = []
    default_groups: list[str] = []


def read(text: str, file: str, wanted: Wanted) -> Locked:
    """A ``pylock.toml`` of version 1. Raises ConfigurationError: it is malformed, or newer."""
    lock = from_toml(text, file, _Lock)
    if lock.lock_version.partition(".")[0] != "1":
        raise ConfigurationError(f"{file} has version {lock.lock_version}, and 1 is the one that is known")
    pins = [(one, _pin(one, f"{file}: {one.name}", wanted)) for one in lock.packages]
    active = wanted.extras | frozenset(lock.default_groups)
    return Locked(
        select=lambda environment: [pin for one, pin in pins if applies(one.marker, environment, active)],
        requires_python=lock.requires_python,
        optional=frozenset((*lock.extras, *lock.dependency_groups)) - active,
    )


def _pin(package: _Package, where: str, wanted: Wanted) -> Pin:
    name = canonicalize_name(package.name)
    if package.directory is not None:
        return local_pin(package.name, package.directory.path, wanted, where, editable=package.directory.editable)
    if package.vcs is not None:
        return _of_vcs(name, package.vcs, where, wanted)
    if package.archive is not None:
        return _of_archive(name, package.archive, where, wanted)
    files = [one for one in (package.sdist, *package.wheels) if one is not None]
    if not any(one.url for one in files) and any(one.path for one in files):
        return local_pin(package.name, next(one.path for one in files if one.path), wanted, where)
    return pin_of(package.name, package.version, where, _hashes(files), index_of(package.index, where))


def _of_vcs(name: str, vcs: _Vcs, where: str, wanted: Wanted) -> Pin:
    if vcs.url is None:
        return local_pin(name, vcs.path or ".", wanted, where)
    if vcs.type != "git":
        raise ConfigurationError(f"{where}: only git is known, not {vcs.type!r}")
    return Pin(name, url=checked_url(git_url(vcs.url, vcs.commit_id, vcs.subdirectory), where))


def _of_archive(name: str, archive: _File, where: str, wanted: Wanted) -> Pin:
    if archive.url is None:
        return local_pin(name, archive.path or ".", wanted, where)
    folder = f"#subdirectory={archive.subdirectory}" if archive.subdirectory else ""
    return Pin(name, url=checked_url(archive.url + folder, where), hashes=hashes_of(_hashes([archive]), where))


def _hashes(files: list[_File]) -> list[str]:
    return [f"{algorithm}:{digits}" for one in files for algorithm, digits in one.hashes.items()]
