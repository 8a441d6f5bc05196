"""A pure-Python project as a package that is installed where it lies: its metadata, and its commands.

What an editable install would write (PEP 660), for a project whose files are in the image already: a ``.dist-info``
folder (packaging.python.org/en/latest/specifications/recording-installed-packages), and one Python file for each
command. With `source_roots` and `SITE` on the module search path the project can be imported, and
`importlib.metadata` knows it.
"""

from __future__ import annotations

import ast
import posixpath
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from packaging.utils import canonicalize_name
from packaging.version import Version

from chamber.core.errors import ConfigurationError
from chamber.run.project.detection import pyproject, scripts, setuptools
from chamber.run.project.detection.folder import Folder
from chamber.run.project.detection.formats import from_python
from chamber.run.project.files import GeneratedFile

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

    from chamber.run.project.detection.pyproject import PyProject
    from chamber.run.project.detection.scripts import Script
    from chamber.run.project.detection.setuptools import Setup

__all__ = ["BIN", "SITE", "Package", "files_of", "generated", "read", "source_roots"]

#: Where the commands are in the image, relative to the project.
BIN = scripts.BIN
#: Where the metadata is.
SITE = ".chamber/site"
_UNKNOWN = "0+unknown"
_VERSION_FILES = ("__init__.py", "__about__.py", "_version.py", "version.py", "__version__.py")


class Package(Struct, frozen=True, kw_only=True):
    """What a project is as a package."""

    name: str
    version: str
    #: Folders of the project that hold its modules; ``.`` is the project itself.
    roots: tuple[str, ...]
    scripts: tuple[Script, ...] = ()
    #: Every group of entry points, the commands included.
    entry_points: dict[str, dict[str, str]] = {}
    requires: tuple[str, ...] = ()
    requires_python: str | None = None
    top_level: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def read(directory: Path, paths: Collection[str]) -> Package | None:
    """The package that a project is; None where it is none.

    Raises ConfigurationError: a file that says so is malformed.
    """
    folder = Folder(directory, frozenset(paths))
    content = pyproject.read(folder)
    setups = (setuptools.read_cfg(folder), setuptools.read_py(folder))
    declared = scripts.declared(content, *setups)
    name = _name(content, setups)
    if name is None or not _is_package(content, setups, declared):
        return None
    roots = _roots(folder, content, setups)
    version = _version(folder, content, setups, roots)
    warning = f"{name} has no version that can be read without running it: it is {_UNKNOWN} in the job"
    return Package(
        name=name,
        version=version or _UNKNOWN,
        roots=roots,
        scripts=declared,
        entry_points=_entry_points(content, setups, declared),
        requires=_requires(folder, content),
        requires_python=content.project.requires_python if content.project else None,
        top_level=tuple(sorted(_top_level(folder, roots))),
        warnings=() if version else (warning,),
    )


def generated(directory: Path, paths: Collection[str]) -> tuple[GeneratedFile, ...]:
    """The files that make a project a package that is installed where it lies; none where it is no package.

    Raises ConfigurationError: a file that says what it is is malformed.
    """
    package = read(directory, paths)
    return files_of(package) if package else ()


def files_of(package: Package) -> tuple[GeneratedFile, ...]:
    """The files that make a package one that is installed where it lies."""
    commands = (GeneratedFile(script.path, _command(script, package.roots), 0o755) for script in package.scripts)
    return (*commands, *_metadata(package))


def source_roots(directory: Path, paths: Collection[str]) -> tuple[str, ...]:
    """The folders of a project that hold its modules, whether it is a package or not; ``.`` is the project itself.

    Raises ConfigurationError: a file that says so is malformed.
    """
    folder = Folder(directory, frozenset(paths))
    setups = (setuptools.read_cfg(folder), setuptools.read_py(folder))
    return _roots(folder, pyproject.read(folder), setups)


def _name(content: PyProject, setups: Iterable[Setup | None]) -> str | None:
    tables = [(content.project, pyproject.FILE), (content.tool.poetry, pyproject.FILE)]
    named = [(table.name, file) for table, file in tables if table is not None and table.name]
    named += [(setup.name, setup.file) for setup in setups if setup is not None and setup.name]
    for name, file in named[:1]:
        if not canonicalize_name(name).replace("-", "").isalnum() or not name.isascii():
            raise ConfigurationError(f"{file}: {name!r} is not the name of a distribution")
        return name
    return None


def _is_package(content: PyProject, setups: Iterable[Setup | None], declared: tuple[Script, ...]) -> bool:
    if content.tool.poetry is not None and not content.tool.poetry.package_mode:
        return False
    if content.tool.uv is not None and content.tool.uv.get("package") is False:
        return False
    return bool(content.build_system or declared or any(setups))


def _roots(folder: Folder, content: PyProject, setups: Iterable[Setup | None]) -> tuple[str, ...]:
    named = [*_named_roots(content), *(setup.package_dir.get("", "") for setup in setups if setup)]
    there = [posixpath.normpath(root) for root in named if root and folder.is_folder(posixpath.normpath(root))]
    if not there and any(_is_module(path, "src") for path in folder.paths) and "src/__init__.py" not in folder:
        there.append("src")
    return (*dict.fromkeys(root for root in there if root != "."), ".")


def _named_roots(content: PyProject) -> Iterator[str]:
    table = content.tool.setuptools
    package_dir = table.get("package-dir")
    if isinstance(package_dir, dict) and isinstance(package_dir.get(""), str):
        yield package_dir[""]
    found = table.get("packages")
    where = (
        found.get("find", {}).get("where") if isinstance(found, dict) and isinstance(found.get("find"), dict) else None
    )
    yield from (root for root in (where if isinstance(where, list) else ()) if isinstance(root, str))
    for package in content.tool.poetry.packages if content.tool.poetry else ():
        if isinstance(package.get("from"), str):
            yield package["from"]


def _is_module(path: str, root: str) -> bool:
    parts = path.removeprefix(f"{root}/").split("/")
    is_package = len(parts) == 2 and parts[1] in {"__init__.py", "__main__.py"}
    return path.startswith(f"{root}/") and (is_package or (len(parts) == 1 and parts[0].endswith(".py")))


def _top_level(folder: Folder, roots: tuple[str, ...]) -> set[str]:
    """The packages below the first root: what the project brings to import."""
    below = "" if roots[0] == "." else f"{roots[0]}/"
    found = set()
    for path in folder.paths:
        package, _, file = path.removeprefix(below).partition("/")
        if path.startswith(below) and file == "__init__.py" and package.isidentifier():
            found.add(package)
    return found - {"tests", "test", "docs", "examples"}


def _entry_points(
    content: PyProject, setups: Iterable[Setup | None], declared: tuple[Script, ...]
) -> dict[str, dict[str, str]]:
    groups: dict[str, dict[str, str]] = {}
    for setup in setups:
        for group, lines in setup.entry_points.items() if setup else ():
            pairs = (line.partition("=") for line in lines if "=" in line)
            groups.setdefault(group, {}).update({name.strip(): value.strip() for name, _, value in pairs})
    for group, table in content.project.entry_points.items() if content.project else ():
        groups.setdefault(group, {}).update(table)
    groups.pop("scripts", None)
    if declared:
        groups["console_scripts"] = {script.name: f"{script.module}:{script.function}" for script in declared}
    return groups


def _requires(folder: Folder, content: PyProject) -> tuple[str, ...]:
    try:
        listed = pyproject.listed(folder, content)
    except ConfigurationError:
        return ()
    return tuple(one.text for one in listed.needs) if listed else ()


def _version(folder: Folder, content: PyProject, setups: Iterable[Setup | None], roots: tuple[str, ...]) -> str | None:
    tables: list[Any] = [content.project, content.tool.poetry, *setups]
    written = [table.version for table in tables if table is not None and table.version]
    for version in [*written, *_versions_in_code(folder, content, roots)]:
        try:
            return str(Version(version))
        except ValueError:
            continue
    return None


def _versions_in_code(folder: Folder, content: PyProject, roots: tuple[str, ...]) -> Iterator[str]:
    hatch = content.tool.hatch.get("version")
    named = [hatch["path"]] if isinstance(hatch, dict) and isinstance(hatch.get("path"), str) else []
    packages = sorted(_top_level(folder, roots))
    usual = [
        posixpath.normpath(f"{root}/{package}/{file}")
        for root in roots
        for package in packages
        for file in _VERSION_FILES
    ]
    for path in [*named, *usual]:
        if path in folder:
            yield from _literal_version(folder, path)


def _literal_version(folder: Folder, path: str) -> Iterator[str]:
    try:
        tree = from_python(folder.text(path), path)
    except ConfigurationError:
        return
    for node in tree.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        names = {target.id for target in targets if isinstance(target, ast.Name)}
        value = getattr(node, "value", None)
        if names & {"__version__", "version", "VERSION"} and isinstance(value, ast.Constant):
            yield str(value.value)


def _command(script: Script, roots: tuple[str, ...]) -> bytes:
    """A command that works wherever the project's folder is put."""
    top = script.function.partition(".")[0]
    folders = (*(root for root in roots if root != "."), "", SITE)
    return f"""\
#!/usr/bin/env python
# What {script.where} declares as {script.name}.
import os
import sys

_project = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[0:1] = [os.path.join(_project, folder) for folder in {folders!r}]

from {script.module} import {top}

if __name__ == "__main__":
    sys.exit({script.function}())
""".encode()


def _metadata(package: Package) -> Iterator[GeneratedFile]:
    name = canonicalize_name(package.name).replace("-", "_")
    folder = f"{SITE}/{name}-{package.version}.dist-info"
    lines = ["Metadata-Version: 2.1", f"Name: {package.name}", f"Version: {package.version}"]
    lines += [f"Requires-Python: {package.requires_python}"] if package.requires_python else []
    lines += [f"Requires-Dist: {_one_line(text)}" for text in package.requires]
    yield GeneratedFile(f"{folder}/METADATA", _text(lines))
    yield GeneratedFile(f"{folder}/INSTALLER", b"chamber\n")
    if package.top_level:
        yield GeneratedFile(f"{folder}/top_level.txt", _text(package.top_level))
    if package.entry_points:
        yield GeneratedFile(f"{folder}/entry_points.txt", _text(_sections(package.entry_points)))


def _sections(groups: dict[str, dict[str, str]]) -> Iterator[str]:
    for group, table in sorted(groups.items()):
        yield f"[{_one_line(group)}]"
        yield from (f"{_one_line(name)} = {_one_line(value)}" for name, value in sorted(table.items()))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _text(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
