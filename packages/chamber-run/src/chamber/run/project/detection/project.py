"""Puts the evidence together."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from msgspec.structs import replace

from chamber.core.errors import ConfigurationError
from chamber.run.project import notebooks
from chamber.run.project.detection import (
    dependencies,
    entrypoint,
    frameworks,
    imports,
    launching,
    pyproject,
    python,
    setuptools,
)
from chamber.run.project.detection import scripts as declared_scripts
from chamber.run.project.detection.entrypoint import Found
from chamber.run.project.detection.folder import Folder
from chamber.run.project.detection.scripts import module_files
from chamber.run.project.profile import Evidence, Framework, Profile

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from chamber.run.project.detection.dependencies import Dependencies
    from chamber.run.project.detection.launching import Sign
    from chamber.run.project.detection.scripts import Script

__all__ = ["detect"]


def detect(
    directory: Path,
    paths: Collection[str],
    start: str | None = None,
    *,
    framework: str | None = None,
    dependencies: str | None = None,
    starter: str | None = None,
) -> tuple[Profile, Dependencies]:
    """What the project in `directory` with the files `paths` is, and what it needs.

    `start`, `framework` and `dependencies`: the entrypoint, the framework and the file that lists dependencies, where
    they were said. `starter`: the Dockerfile that says how the project is started, which has no entrypoint then.

    Raises EntrypointNotFoundError, AmbiguousEntrypointError: see `chamber.run.project.detection.entrypoint`.
    Raises ConfigurationError: a file that was to be read is malformed, or several list dependencies alike.
    """
    found = Found(starter, f"{starter} says what is run") if starter else None
    return _Detection(Folder(directory, frozenset(paths)), found or start, _known(framework), dependencies).result()


class _Detection:
    """One look at a project."""

    def __init__(
        self, folder: Folder, start: Found | str | None, framework: Framework | None, dependencies_file: str | None
    ) -> None:
        self._folder = folder
        self._asked: Framework | None = framework
        self._needs = dependencies.read(folder.directory, folder.paths, dependencies_file)
        self._scripts = _scripts(folder)
        self._starts_itself = isinstance(start, Found)
        self._start = (
            start if isinstance(start, Found) else entrypoint.find(folder, start, self._scripts, self._needs.names)
        )
        self._add_notebook()
        self._imported = self._imports()
        self._python = python.choose(folder, self._needs.requires_python)
        self._framework = self._choose_framework()
        direct = {name: self._needs.places.get(name, "") for name in sorted(self._needs.direct)}
        self._signs = launching.signs(folder, direct, self._imported)

    def result(self) -> tuple[Profile, Dependencies]:
        used = {sign.tool: sign.used for sign in self._signs}
        version, accepted = self._python.version, self._needs.requires_python
        profile = Profile(
            entrypoint=self._start.start,
            framework=self._asked or self._framework.framework,
            dependency_files=self._needs.sources,
            requirements_file=self._needs.requirements_file,
            python_version=version,
            requires_python=accepted or (f"=={version}.*" if version else None),
            uses_ray=used["ray"],
            uses_deepspeed=used["deepspeed"],
            uses_accelerate=used["accelerate"],
            uses_horovod=used["horovod"],
            has_dockerfile="Dockerfile" in self._folder,
            starts_itself=self._starts_itself,
            evidence=tuple(self._evidence()),
        )
        return profile, replace(self._needs, warnings=tuple(self._warnings()))

    def _add_notebook(self) -> None:
        """What a notebook installs in its cells is installed in the image instead."""
        notebook = entrypoint.notebook_of(self._start.start)
        if notebook is None:
            return
        converted = notebooks.convert(self._folder.directory, notebook)
        self._needs = replace(
            self._needs,
            requirements=(*self._needs.requirements, *(one.text for one in converted.needs)),
            names=self._needs.names | {one.name for one in converted.needs},
            direct=self._needs.direct | {one.name for one in converted.needs},
            places={**{one.name: one.where for one in converted.needs}, **self._needs.places},
            versions={**{one.name: one.specifier for one in converted.needs}, **self._needs.versions},
            apt_packages=(*self._needs.apt_packages, *converted.apt_packages),
            warnings=(*self._needs.warnings, *converted.warnings),
        )

    def _imports(self) -> dict[str, str]:
        if self._starts_itself:
            return {}
        file = _file_of(self._start.start, self._folder, self._scripts)
        if file is not None and _leads_nowhere(self._folder.directory / file):
            raise ConfigurationError(f"{file} is a link to nothing: put a file there, or name another with entrypoint=")
        return imports.reached_from(self._folder, file) if file is not None else {}

    def _choose_framework(self) -> frameworks.Choice:
        """By what is installed; where that names none, by what is imported, and by what is named elsewhere."""
        direct = {name: self._needs.places.get(name, "") for name in sorted(self._needs.direct)}
        every = {name: self._needs.places.get(name, "") for name in sorted(self._needs.names)}
        for signs in (direct, every, self._imported, self._needs.elsewhere):
            choice = frameworks.choose(signs)
            if choice.framework != "generic":
                return choice
        return frameworks.choose({})

    def _evidence(self) -> Iterator[Evidence]:
        start = self._start
        yield Evidence("entrypoint", start.start, start.why, "entrypoint=")
        yield Evidence("dependencies", _shown(self._needs), _because(self._needs), "dependencies=")
        chosen = self._asked or self._framework.framework
        why = "it was asked for" if self._asked else self._framework.why
        yield Evidence("framework", chosen, why, "framework=")
        version = self._python.version or f"{python.DEFAULT_PYTHON}, the default"
        yield Evidence("python", version, self._python.why, "python_version=")
        yield from (_of_sign(sign) for sign in self._signs)
        if self._needs.whole is not None:
            yield Evidence("build", "whole, by a container engine", self._needs.whole, "dockerfile=")

    def _warnings(self) -> Iterator[str]:
        yield from self._needs.warnings
        yield from self._python.warnings
        yield from (sign.warning for sign in self._signs if sign.warning)
        if self._framework.is_doubtful and self._asked is None:
            yield f"The framework could be another one: {self._framework.why}; framework= says which"
        if not self._needs.names and self._imported:
            names = ", ".join(sorted(self._imported))
            yield (
                f"No file lists dependencies, and {self._start.start} imports {names}: what the base image lacks of "
                "them has to be listed in requirements.txt or in extra_pip_packages"
            )
        elif self._framework.framework != "generic" and self._asked is None:
            yield from self._missing_framework()

    def _missing_framework(self) -> Iterator[str]:
        signs = frameworks.choose(dict.fromkeys(self._needs.names, ""))
        if signs.framework == "generic":
            yield f"The framework is not among what is installed: {self._framework.why}"


def _leads_nowhere(file: Path) -> bool:
    return file.is_symlink() and not file.is_file()


def _known(framework: str | None) -> Framework | None:
    known: tuple[Framework, ...] = get_args(Framework)
    for name in known:
        if name == framework:
            return name
    if framework is None:
        return None
    raise ConfigurationError(f"framework must be one of {', '.join(known)}, not {framework!r}")


def _scripts(folder: Folder) -> tuple[Script, ...]:
    content = pyproject.read(folder)
    return declared_scripts.declared(content, setuptools.read_cfg(folder), setuptools.read_py(folder))


def _file_of(start: str, folder: Folder, scripts: tuple[Script, ...]) -> str | None:
    """The file of the project that is run in the end."""
    module = entrypoint.module_of(start)
    if module is not None:
        main = tuple(path.replace("__init__.py", "__main__.py") for path in module_files(module))
        return folder.first(*main, *module_files(module))
    by_path: Mapping[str, Script] = {script.path: script for script in scripts}
    if start in by_path:
        return declared_scripts.file_of(by_path[start], folder)
    return start if start in folder else None


def _shown(needs: Dependencies) -> str:
    if needs.requirements_file and needs.locked:
        return f"{len(needs.names)} distributions, locked"
    return needs.requirements_file or ", ".join(needs.requirements) or "none"


def _because(needs: Dependencies) -> str:
    if not needs.optional:
        return needs.why
    example = f"dependencies='{needs.sources[0]}[{needs.optional[0]}]'"
    return f"{needs.why}; not installed: {', '.join(needs.optional)}, which {example} adds"


def _of_sign(sign: Sign) -> Evidence:
    return Evidence(f"uses {sign.tool}", "yes" if sign.used else "no", sign.why, "launcher=")
