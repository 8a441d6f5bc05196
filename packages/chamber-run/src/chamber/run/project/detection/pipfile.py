"""Reads a ``Pipfile`` (pipenv)."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from chamber.run.project.detection import poetry
from chamber.run.project.detection.folder import Folder
from chamber.run.project.detection.formats import from_toml
from chamber.run.project.detection.needs import Listed, local_path, needs_of, without_login

__all__ = ["FILE", "Pipfile", "listed", "read"]

FILE = "Pipfile"
_PYPI = "https://pypi.org/simple"


class _Source(Struct, frozen=True):
    """A package index."""

    url: str
    name: str | None = None


class Pipfile(Struct, frozen=True, rename="kebab"):
    """The tables of a ``Pipfile``."""

    source: list[_Source] = []
    packages: dict[str, Any] = {}
    dev_packages: dict[str, Any] = {}
    requires: dict[str, str] = {}


def read(folder: Folder) -> Pipfile | None:
    """The project's ``Pipfile``; None where there is none. Raises ConfigurationError: it is malformed."""
    return from_toml(folder.text(FILE), FILE, Pipfile) if FILE in folder else None


def listed(folder: Folder) -> Listed | None:
    """What a ``Pipfile`` says that the project needs. Raises ConfigurationError: it is malformed."""
    content = read(folder)
    if content is None:
        return None
    table = poetry.dependencies({name: _without_ref(value) for name, value in content.packages.items()}, FILE)
    local = [local_path(one.path, "", folder, f"{FILE}: packages.{one.name}") for one in table.local]
    urls = [source.url.rstrip("/") for source in content.source]
    return Listed(
        file=FILE,
        needs=needs_of(table.requirements, f"{FILE}: packages"),
        options=tuple(f"--extra-index-url {without_login(url)}" for url in urls if url != _PYPI and "://" in url),
        itself=frozenset() if "." in local else None,
        local=tuple(f"{path} ({FILE})" for path in local if path != "."),
    )


def _without_ref(value: object) -> object:
    """pipenv says ``ref`` where Poetry says ``rev``; the rest that matters here is written alike."""
    return {**value, "rev": value["ref"]} if isinstance(value, dict) and "ref" in value else value
