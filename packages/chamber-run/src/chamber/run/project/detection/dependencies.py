"""What a project needs installed, and the files that say so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from chamber.core.errors import ConfigurationError
from chamber.run.project.detection import compiled, locks, pipfile, pyproject, setuptools, sources
from chamber.run.project.detection.environments import environments
from chamber.run.project.detection.folder import Folder
from chamber.run.project.detection.needs import Listed, Need, is_wanted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from pathlib import Path

    from chamber.run.project.detection.environments import Environment
    from chamber.run.project.detection.locks import Pin
    from chamber.run.project.detection.pyproject import PyProject
    from chamber.run.project.detection.sources import Chosen

__all__ = ["GENERATED", "LOCKED", "Dependencies", "read"]

#: The requirements files that are made here: from a lock, and from what lists requirements beside indexes.
LOCKED = "requirements.locked.txt"
GENERATED = "requirements.generated.txt"


class Dependencies(Struct, frozen=True, kw_only=True):
    """What is to be installed for a project."""

    #: The file that is installed with ``-r``, where there is one.
    requirements_file: str | None = None
    #: That file and all that it includes, by their paths in the project; one made from a lock has a path of its own.
    files: dict[str, bytes] = {}
    #: Requirements that are not in such a file.
    requirements: tuple[str, ...] = ()
    #: Whether the file is complete, with exact pins: it is installed without resolving anything.
    locked: bool = False
    #: Canonical names of the distributions that are required, those that a lock adds included.
    names: frozenset[str] = frozenset()
    #: Those of them that the project itself asks for.
    direct: frozenset[str] = frozenset()
    #: The versions that will do, by canonical name, as a PEP 440 specifier; empty: any.
    versions: dict[str, str] = {}
    #: The same by what the project itself asks for, before anything was locked.
    asked: dict[str, str] = {}
    #: The file, with line or key, that asks for a distribution, by canonical name.
    places: dict[str, str] = {}
    #: Distributions that a file names, and that are not installed: extras, groups, files that were not chosen.
    elsewhere: dict[str, str] = {}
    #: The files that were read, in the order they were found.
    sources: tuple[str, ...] = ()
    #: Why these.
    why: str = ""
    #: Extras and groups that are not installed.
    optional: tuple[str, ...] = ()
    #: What ``requires-python`` says.
    requires_python: str | None = None
    #: Debian packages that a file names.
    apt_packages: tuple[str, ...] = ()
    #: Why an engine has to build the project whole; None: it does not.
    whole: str | None = None
    #: Whether it is then itself installed (``pip install .``), because it has to be compiled.
    install_project: bool = False
    #: What building it takes (PEP 518).
    build_requires: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def read(directory: Path, paths: Collection[str], dependencies: str | None = None) -> Dependencies:
    """The dependencies of the project in `directory` with the files `paths`.

    `dependencies`: the file that says so, where it was named, also as ``file[extra]``. The order in which files
    are asked otherwise is that of `chamber.run.project.detection.sources`.

    Raises ConfigurationError: a file is broken, or asks for what an image cannot have, or several files are of
    equal standing.
    """
    folder = Folder(directory, frozenset(paths))
    content = pyproject.read(folder)
    setup = setuptools.read_py(folder)
    reading = _Reading(folder, content, sources.choose(folder, content, dependencies))
    needs = reading.dependencies()
    reason = compiled.reason(folder, content, setup)
    if reason is None:
        return needs
    build_requires = tuple(content.build_system.requires) if content.build_system else ()
    return replace(needs, whole=reason, install_project=True, build_requires=build_requires)


class _Reading:
    """One reading of the files of a project."""

    def __init__(self, folder: Folder, content: PyProject, chosen: Chosen) -> None:
        self._folder = folder
        self._content = content
        self._chosen = chosen
        self._others = tuple(sources.others(folder, content, chosen.file or ""))
        self._requires = self._requires_python()

    def dependencies(self) -> Dependencies:
        if self._chosen.file is None:
            return self._nothing()
        if locks.is_lock(self._chosen.file):
            return self._of_lock(self._chosen.file)
        listed = sources.listing(self._folder, self._content, self._chosen.file)
        if listed is None:
            raise ConfigurationError(f"{self._chosen.file} lists no dependencies: name another file with dependencies=")
        return self._of_list(self._with_extras(listed))

    def _nothing(self) -> Dependencies:
        told = tuple(warning for listed in self._others for warning in listed.warnings)
        return Dependencies(why=self._chosen.why, requires_python=self._requires, warnings=told)

    def _requires_python(self) -> str | None:
        table = self._content.project
        if table is not None and table.requires_python is not None:
            return table.requires_python
        return next((listed.requires_python for listed in self._others if listed.requires_python), None)

    def _with_extras(self, listed: Listed) -> Listed:
        """`listed` with the extras that were asked for, and with what the project itself needs if it names itself."""
        needs = [*listed.needs, *_of_extras(listed, self._chosen.extras)]
        return replace(listed, needs=tuple(needs))

    def _own(self, listed: Listed) -> tuple[Need, ...]:
        """What the project itself needs, for a requirements file that says ``-e .``."""
        if listed.itself is None:
            return ()
        for other in self._others:
            if other.file in {pyproject.FILE, setuptools.CFG, setuptools.PY}:
                return (*other.needs, *_of_extras(other, listed.itself))
        return ()

    def _of_list(self, listed: Listed) -> Dependencies:
        requires = self._requires or listed.requires_python
        own = self._own(listed)
        every = environments(requires)
        wanted = [one for one in (*listed.needs, *own) if is_wanted(one, every)]
        names = frozenset(one.name for one in wanted)
        file, files = _file_of(listed)
        versions = _versions([*wanted, *(one for one in listed.constraints if one.name in names)])
        return Dependencies(
            requirements_file=file,
            files=files,
            requirements=tuple(one.text for one in own) if file else tuple(one.text for one in (*listed.needs, *own)),
            names=names,
            direct=names,
            versions=versions,
            asked=versions,
            places={one.name: one.where for one in reversed(wanted)},
            elsewhere=self._elsewhere(listed.optional, names),
            sources=self._sources(listed),
            why=self._chosen.why,
            optional=tuple(name for name in listed.optional if name not in self._chosen.extras),
            requires_python=requires,
            apt_packages=listed.apt_packages,
            whole=_whole(listed.local),
            warnings=(*listed.warnings, *(self._left_out(listed, names) if not listed.others else ())),
        )

    def _sources(self, listed: Listed) -> tuple[str, ...]:
        beside = (other.file for other in self._others if other.needs and other.file == pyproject.FILE)
        return tuple(dict.fromkeys((*(listed.files or [listed.file]), *beside)))

    def _left_out(self, listed: Listed, names: frozenset[str]) -> Iterable[str]:
        if self._chosen.file is None:
            return
        for other in self._others:
            every = environments(self._requires or other.requires_python)
            missing = sorted({one.name for one in other.needs if is_wanted(one, every)} - names)
            if missing:
                verb = "depends on" if other.file == pyproject.FILE else "lists"
                yield (
                    f"{other.file} {verb} {', '.join(missing)}, which {listed.file} does not list: "
                    f"{listed.file} is installed"
                )

    def _elsewhere(self, optional: dict[str, tuple[Need, ...]], names: frozenset[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        extras = (one for name, needs in optional.items() if name not in self._chosen.extras for one in needs)
        for one in (*extras, *(need for other in self._others for need in other.needs)):
            if one.name not in names:
                found.setdefault(one.name, one.where)
        return found

    def _of_lock(self, file: str) -> Dependencies:
        listed = self._list_of_lock(file)
        roots = pyproject.roots(self._content, self._chosen.extras)
        lock = locks.read(file, locks.Wanted(self._folder, roots, self._chosen.extras))
        requires = self._requires or lock.requires_python
        every = environments(lock.requires_python or requires)
        pins = locks.pins_by_environment(lock, every)
        held = {pin.name for pin in pins}
        wanted = [one for one in (listed.needs if listed else ()) if is_wanted(one, every)]
        lacking = [one for one in wanted if one.name not in held]
        loose = [pin for pin in pins if not (pin.version or pin.url or pin.path)]
        exact = {pin: chosen for pin, chosen in pins.items() if pin not in loose}
        direct = lock.direct if lock.direct is not None else frozenset(one.name for one in wanted)
        return Dependencies(
            requirements_file=LOCKED if exact else None,
            files={LOCKED: locks.rendered(file, exact, every).encode()} if exact else {},
            requirements=(*(one.text for one in lacking), *(pin.name for pin in loose)),
            locked=bool(exact),
            names=frozenset(held | {one.name for one in lacking}),
            direct=(direct or frozenset(held)) | {one.name for one in lacking},
            versions=_locked_versions(pins) | _versions(lacking),
            asked=_versions(wanted),
            places={**dict.fromkeys(held, file), **{one.name: one.where for one in wanted}},
            elsewhere=self._elsewhere(listed.optional if listed else {}, frozenset(held)),
            sources=(file, *((listed.file,) if listed else ())),
            why=self._chosen.why,
            optional=tuple(sorted(lock.optional)),
            requires_python=requires,
            whole=_whole([f"{pin.path} ({file})" for pin in exact if pin.path]),
            warnings=tuple(_stale(file, listed, wanted, lacking, pins)),
        )

    def _list_of_lock(self, file: str) -> Listed | None:
        """What the lock was made from, as far as it can be read."""
        wanted = pipfile.FILE if file == locks.FILES["pipenv"] else pyproject.FILE
        return next((other for other in self._others if other.file == wanted), None)


def _of_extras(listed: Listed, extras: frozenset[str]) -> list[Need]:
    known = {canonicalize_name(name): needs for name, needs in listed.optional.items()}
    for extra in extras:
        if canonicalize_name(extra) not in known:
            there = f"; there are {', '.join(sorted(listed.optional))}" if listed.optional else ""
            raise ConfigurationError(f"{listed.file} has no extra or group {extra!r}{there}")
    return [one for extra in sorted(extras) for one in known[canonicalize_name(extra)]]


def _file_of(listed: Listed) -> tuple[str | None, dict[str, bytes]]:
    if listed.files:
        has_any = not listed.is_empty
        return (listed.file, listed.files) if has_any else (None, {})
    if not listed.options and not listed.others:
        return None, {}
    lines = [*listed.options, *(one.text for one in listed.needs), *listed.others]
    return GENERATED, {GENERATED: "".join(f"{line}\n" for line in lines).encode()}


def _versions(needs: Iterable[Need]) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in needs:
        found[one.name] = ",".join(filter(None, dict.fromkeys((found.get(one.name, ""), one.specifier))))
    return found


def _locked_versions(pins: Iterable[Pin]) -> dict[str, str]:
    return {pin.name: f"=={pin.version}" if pin.version else "" for pin in pins}


def _whole(local: Sequence[str]) -> str | None:
    return f"it installs a part of itself: {local[0]}" if local else None


def _stale(
    file: str, listed: Listed | None, wanted: list[Need], lacking: list[Need], pins: dict[Pin, list[Environment]]
) -> Iterable[str]:
    if listed is None:
        return
    if lacking:
        names = ", ".join(one.name for one in lacking)
        yield f"{file} is stale: {listed.file} lists {names}, which it lacks and which is installed beside it"
    versions = {pin.name: pin.version for pin in pins if pin.version}
    for one in wanted:
        version = versions.get(one.name)
        if version is not None and not SpecifierSet(one.specifier).contains(version, prereleases=True):
            yield f"{file} is stale: {listed.file} asks for {one.name}{one.specifier}, and it has {version}"
