"""Reads what ``pyproject.toml`` says: PEP 621, dependency groups (PEP 735), Poetry's tables, and uv's sources."""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from packaging.utils import canonicalize_name

from chamber.core.errors import ConfigurationError
from chamber.run.project.detection import poetry
from chamber.run.project.detection.folder import Folder
from chamber.run.project.detection.formats import from_toml, typed
from chamber.run.project.detection.needs import Listed, Need, local_path, need, needs_of, without_login

__all__ = [
    "FILE",
    "BuildSystem",
    "Poetry",
    "PoetryGroup",
    "ProjectTable",
    "PyProject",
    "Tools",
    "listed",
    "read",
    "roots",
    "tool_of",
]

FILE = "pyproject.toml"


class BuildSystem(Struct, frozen=True, rename="kebab"):
    """The table ``build-system`` (PEP 518, PEP 517)."""

    requires: list[str] = []
    build_backend: str | None = None


class ProjectTable(Struct, frozen=True, rename="kebab"):
    """The table ``project`` (PEP 621)."""

    name: str | None = None
    version: str | None = None
    dynamic: list[str] = []
    requires_python: str | None = None
    dependencies: list[str] | None = None
    optional_dependencies: dict[str, list[str]] = {}
    scripts: dict[str, str] = {}
    gui_scripts: dict[str, str] = {}
    entry_points: dict[str, dict[str, str]] = {}


class PoetryGroup(Struct, frozen=True):
    """A group of Poetry's dependencies."""

    dependencies: dict[str, Any] = {}
    optional: bool = False


class Poetry(Struct, frozen=True, rename="kebab"):
    """The table ``tool.poetry``."""

    name: str | None = None
    version: str | None = None
    package_mode: bool = True
    dependencies: dict[str, Any] = {}
    group: dict[str, PoetryGroup] = {}
    dev_dependencies: dict[str, Any] = {}
    extras: dict[str, list[str]] = {}
    scripts: dict[str, Any] = {}
    packages: list[dict[str, Any]] = []
    source: list[dict[str, Any]] = []
    build: Any = None


class Tools(Struct, frozen=True, rename="kebab"):
    """The tables ``tool.*`` that are looked into."""

    poetry: Poetry | None = None
    uv: dict[str, Any] | None = None
    pdm: dict[str, Any] | None = None
    setuptools: dict[str, Any] = {}
    hatch: dict[str, Any] = {}
    flit: dict[str, Any] = {}


class PyProject(Struct, frozen=True, rename="kebab"):
    """A ``pyproject.toml``; empty where there is none."""

    project: ProjectTable | None = None
    build_system: BuildSystem | None = None
    dependency_groups: dict[str, list[str | dict[str, str]]] = {}
    tool: Tools = Tools()


def read(folder: Folder) -> PyProject:
    """The project's ``pyproject.toml``.

    Raises ConfigurationError: it is not TOML, or something in it is of the wrong type.
    """
    return from_toml(folder.text(FILE), FILE, PyProject) if FILE in folder else PyProject()


def tool_of(content: PyProject) -> str | None:
    """The tool that the project is kept with: poetry, pdm or uv."""
    backend = (content.build_system and content.build_system.build_backend) or ""
    for tool, module in (("poetry", "poetry."), ("pdm", "pdm."), ("uv", "uv_build")):
        if getattr(content.tool, tool) is not None or backend.startswith(module):
            return tool
    return None


def listed(folder: Folder, content: PyProject) -> Listed | None:
    """What a ``pyproject.toml`` says that the project needs; None when it says nothing of it.

    Raises ConfigurationError: a dependency is malformed, or outside the project.
    """
    table = content.project
    if table is not None and table.dependencies is not None:
        return _of_project(folder, content, table)
    if content.tool.poetry is not None:
        return _of_poetry(folder, content, content.tool.poetry)
    if table is not None and "dependencies" not in table.dynamic:
        return _of_project(folder, content, table)
    return _of_dynamic(folder, content, table) if table is not None else None


def roots(content: PyProject, extras: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """What a project needs by itself, for a lock whose packages do not say who asked for them.

    Raises ConfigurationError: a dependency is malformed.
    """
    table = content.project
    if table is not None and table.dependencies is not None:
        optional = [text for name in sorted(extras) for text in table.optional_dependencies.get(name, ())]
        return (*table.dependencies, *optional)
    dependencies = content.tool.poetry.dependencies if content.tool.poetry else {}
    return poetry.dependencies(dependencies, f"{FILE}: tool.poetry.dependencies", locked=True).requirements


def _of_project(folder: Folder, content: PyProject, table: ProjectTable) -> Listed:
    own = canonicalize_name(table.name) if table.name else ""
    extras: dict[str, list[str]] = {
        canonicalize_name(name): texts for name, texts in table.optional_dependencies.items()
    }
    optional: dict[str, tuple[Need, ...]] = {name: _extra(name, own, extras, ()) for name in extras}
    groups = {name: _group(name, content, ()) for name in content.dependency_groups}
    written = needs_of(table.dependencies or (), f"{FILE}: project.dependencies")
    needs, options, local = _sourced(folder, content, written)
    of_poetry = _paths_of_poetry(folder, content)
    local += tuple(of_poetry[one.name] for one in needs if one.name in of_poetry)
    needs = tuple(one for one in needs if one.name not in of_poetry)
    return Listed(
        file=FILE,
        needs=needs,
        options=options,
        local=local,
        requires_python=table.requires_python,
        optional={**groups, **optional},
    )


def _paths_of_poetry(folder: Folder, content: PyProject) -> dict[str, str]:
    """Dependencies of ``project`` that ``tool.poetry.dependencies`` takes from a folder, each with that."""
    table = content.tool.poetry.dependencies if content.tool.poetry else {}
    where = f"{FILE}: tool.poetry.dependencies"
    read = poetry.dependencies(table, where, locked=True)
    return {canonicalize_name(one.name): f"{local_path(one.path, '', folder, where)} ({where})" for one in read.local}


def _extra(name: str, own: str, extras: dict[str, list[str]], within: tuple[str, ...]) -> tuple[Need, ...]:
    """The requirements of an extra; one that names the project itself stands for other extras of it."""
    where = f"{FILE}: project.optional-dependencies.{name}"
    if name in within:
        raise ConfigurationError(f"{where} includes itself")
    found: list[Need] = []
    for one in needs_of(extras.get(name, ()), where):
        if one.name != own:
            found.append(one)
            continue
        for other in one.extras:
            found.extend(_extra(canonicalize_name(other), own, extras, (*within, name)))
    return tuple(found)


def _group(name: str, content: PyProject, within: tuple[str, ...]) -> tuple[Need, ...]:
    where = f"{FILE}: dependency-groups.{name}"
    groups = {canonicalize_name(group): items for group, items in content.dependency_groups.items()}
    if name in within:
        raise ConfigurationError(f"{where} includes itself")
    if canonicalize_name(name) not in groups:
        raise ConfigurationError(f"{where} is not there")
    found: list[Need] = []
    for item in groups[canonicalize_name(name)]:
        if isinstance(item, str):
            found.append(need(item, where))
        elif "include-group" in item:
            found.extend(_group(item["include-group"], content, (*within, name)))
    return tuple(found)


class _UvSource(Struct, frozen=True):
    git: str | None = None
    rev: str | None = None
    tag: str | None = None
    branch: str | None = None
    subdirectory: str | None = None
    url: str | None = None
    path: str | None = None
    index: str | None = None
    workspace: bool = False


class _UvIndex(Struct, frozen=True):
    url: str
    name: str | None = None
    default: bool = False
    explicit: bool = False


def _sourced(
    folder: Folder, content: PyProject, needs: tuple[Need, ...]
) -> tuple[tuple[Need, ...], tuple[str, ...], tuple[str, ...]]:
    """Requirements taken from where ``tool.uv.sources`` says, the indexes for them, and what is a folder."""
    uv = content.tool.uv or {}
    sources = typed(uv.get("sources", {}), f"{FILE}: tool.uv.sources", dict[str, Any])
    by_name: dict[str, Any] = {canonicalize_name(name): source for name, source in sources.items()}
    found: list[Need] = []
    local: list[str] = []
    for one in needs:
        where = f"{FILE}: tool.uv.sources.{one.name}"
        source = _first(by_name.get(one.name), where)
        if source is None or source.index:
            found.append(_checked(one, folder, local))
        elif source.workspace:
            local.append(f"{one.name}, of the workspace ({where})")
        elif source.path is not None:
            local.append(f"{local_path(source.path, '', folder, where)} ({where})")
        else:
            found.append(_at(one, source, where))
    return tuple(found), _index_options(uv), tuple(local)


def _first(source: object, where: str) -> _UvSource | None:
    """uv allows one source for each of several markers; the first one is for Linux as often as not."""
    if isinstance(source, list):
        source = next((s for s in source if "win32" not in str(s) and "darwin" not in str(s)), None)
    return typed(source, where, _UvSource) if source is not None else None


def _checked(one: Need, folder: Folder, local: list[str]) -> Need:
    if one.url and one.url.startswith("file:"):
        local.append(f"{local_path(one.url, '', folder, one.where)} ({one.where})")
    return one


def _at(one: Need, source: _UvSource, where: str) -> Need:
    link = source.url or ""
    if source.git is not None:
        revision = source.rev or source.tag or source.branch
        folder = f"#subdirectory={source.subdirectory}" if source.subdirectory else ""
        link = f"git+{source.git}" + (f"@{revision}" if revision else "") + folder
    extras = f"[{','.join(one.extras)}]" if one.extras else ""
    marker = f" ; {one.marker}" if one.marker else ""
    return need(f"{one.name}{extras} @ {link}{marker}" if link else one.text, where)


def _index_options(uv: dict[str, Any]) -> tuple[str, ...]:
    indexes = typed(uv.get("index", []), f"{FILE}: tool.uv.index", list[_UvIndex])
    return tuple(
        f"{'--index-url' if index.default else '--extra-index-url'} {without_login(index.url)}"
        for index in indexes
        if index.url.startswith("https://") or index.url.startswith("http://")
    )


def _of_poetry(folder: Folder, content: PyProject, table: Poetry) -> Listed:
    where = f"{FILE}: tool.poetry.dependencies"
    read = poetry.dependencies(table.dependencies, where)
    local = tuple(f"{local_path(one.path, '', folder, where)} ({where})" for one in read.local)
    needs = needs_of(read.requirements, where)
    for one in needs:
        _checked(one, folder, [])
    requires = content.project.requires_python if content.project else None
    return Listed(
        file=FILE,
        needs=needs,
        options=_poetry_options(table),
        local=local,
        requires_python=requires or read.requires_python,
        optional=_poetry_optional(table, read.optional),
    )


def _poetry_optional(table: Poetry, optional: dict[str, str]) -> dict[str, tuple[Need, ...]]:
    by_name = {canonicalize_name(name): text for name, text in optional.items()}
    extras = {
        extra: needs_of([by_name[canonicalize_name(n)] for n in names if canonicalize_name(n) in by_name], FILE)
        for extra, names in table.extras.items()
    }
    groups = {name: group.dependencies for name, group in table.group.items()}
    if table.dev_dependencies:
        groups["dev"] = {**groups.get("dev", {}), **table.dev_dependencies}
    for name, dependencies in groups.items():
        where = f"{FILE}: tool.poetry.group.{name}"
        extras[name] = needs_of(poetry.dependencies(dependencies, where, locked=True).requirements, where)
    return extras


def _poetry_options(table: Poetry) -> tuple[str, ...]:
    urls = [source["url"] for source in table.source if isinstance(source.get("url"), str)]
    return tuple(f"--extra-index-url {without_login(url)}" for url in urls if url.startswith(("https://", "http://")))


def _of_dynamic(folder: Folder, content: PyProject, table: ProjectTable) -> Listed | None:
    """``dynamic = ["dependencies"]``: setuptools may take them from requirements files."""
    dynamic = content.tool.setuptools.get("dynamic", {})
    entry = dynamic.get("dependencies", {}) if isinstance(dynamic, dict) else {}
    file = entry.get("file") if isinstance(entry, dict) else None
    files = [file] if isinstance(file, str) else file
    if not files:
        return None
    names = typed(files, f"{FILE}: tool.setuptools.dynamic.dependencies.file", list[str])
    from chamber.run.project.detection import requirements

    read = [requirements.read(folder, name) for name in names]
    return Listed(
        file=FILE,
        needs=tuple(one for each in read for one in each.needs),
        local=tuple(one for each in read for one in each.local),
        others=tuple(one for each in read for one in each.others),
        requires_python=table.requires_python,
    )
