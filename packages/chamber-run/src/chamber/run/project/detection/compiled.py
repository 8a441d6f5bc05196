"""Whether a project has to be compiled, which only an engine can do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from chamber.run.project.detection import setuptools
from chamber.run.project.detection.pyproject import FILE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chamber.run.project.detection.folder import Folder
    from chamber.run.project.detection.pyproject import PyProject
    from chamber.run.project.detection.setuptools import Setup

__all__ = ["reason"]

#: Modules of build backends that compile, and what they are called.
_BACKENDS = {
    "maturin": "maturin",
    "scikit_build_core": "scikit-build-core",
    "skbuild": "scikit-build",
    "mesonpy": "meson-python",
    "setuptools_rust": "setuptools-rust",
    "py_build_cmake": "py-build-cmake",
    "sipbuild": "sip",
}
#: Distributions that a build needs only to compile.
_COMPILERS = {"cython", "maturin", "meson-python", "mypy", "pybind11", "nanobind", "scikit-build", "setuptools-rust"}


def reason(folder: Folder, content: PyProject, setup: Setup | None) -> str | None:
    """Why the project cannot be used as it lies there; None when it can.

    Raises ConfigurationError: a file that says so is malformed.
    """
    return next(_reasons(folder, content, setup), None)


def _reasons(folder: Folder, content: PyProject, setup: Setup | None) -> Iterator[str]:
    backend = (content.build_system and content.build_system.build_backend) or ""
    for module, name in _BACKENDS.items():
        if backend == module or backend.startswith(f"{module}."):
            yield f"it is compiled: {FILE} is built by {name}"
    for name in sorted(_required(content) & (_COMPILERS | {"scikit-build-core"})):
        yield f"it is compiled: {FILE} needs {name} to build"
    if content.tool.setuptools.get("ext-modules"):
        yield f"it is compiled: {FILE} lists tool.setuptools.ext-modules"
    if content.tool.poetry is not None and content.tool.poetry.build:
        yield f"it is compiled: {FILE} has a build script, tool.poetry.build"
    if setup is not None and setup.compiled:
        yield f"it is compiled: {setuptools.PY} {setup.compiled}"
    sources = sorted(path for path in folder.paths if path.endswith(".pyx"))
    if setup is not None and sources:
        yield f"it is compiled: {setuptools.PY} stands beside {sources[0]}"


def _required(content: PyProject) -> set[str]:
    names: set[str] = set()
    for text in content.build_system.requires if content.build_system else ():
        try:
            names.add(canonicalize_name(Requirement(text).name))
        except (ValueError, RecursionError):
            continue
    return names
