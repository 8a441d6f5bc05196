"""The environment of a project: what is put on the base image before the project itself."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct
from packaging.requirements import InvalidRequirement, Requirement

from chamber.run.images import dockerfile, locked
from chamber.run.images.catalogue import is_slim, row_of
from chamber.run.images.installation import INDEX_SECRET, Installer
from chamber.run.targets import BaseImage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from chamber.run.project.files import GeneratedFile

__all__ = ["WORKING_DIRECTORY", "Environment", "index_host", "project_steps"]

#: Where a project's files are in its image, and where its command runs.
WORKING_DIRECTORY = "/app"
_FOLDER = "opt/chamber/environment"
#: Where the dependency files are in a build context, so that no name of theirs stands in a Dockerfile.
_CONTEXT = "environment"
#: Goes up when the same inputs give another environment.
_SCHEMA = 2
_RECIPE_SCHEMA = 1
_VCS = ("git+", "hg+", "svn+", "bzr+")
_VCS_PACKAGES = {"git+": "git", "hg+": "mercurial", "svn+": "subversion", "bzr+": "brz"}


class Environment(Struct, frozen=True, kw_only=True):
    """A base image and what is installed on it."""

    base: BaseImage
    requirements_file: str | None = None
    #: The requirements file and what it includes, by path.
    files: dict[str, bytes] = {}
    #: Whether that file is a complete closure, which is installed without resolving. It is then no project file.
    locked: bool = False
    #: Requirements that are in no file: the project's own, then the extra ones.
    requirements: tuple[str, ...] = ()
    apt_packages: tuple[str, ...] = ()
    pre_build_commands: tuple[str, ...] = ()
    post_build_commands: tuple[str, ...] = ()
    #: The versions of Python that a recipe may be installed with.
    requires_python: str | None = None
    #: ``os/architecture``
    platform: str = "linux/amd64"
    #: The host of a package index whose URL is a build secret (`index_host`); None: PyPI, or what the base has set.
    index: str | None = None

    @property
    def is_base_alone(self) -> bool:
        """Whether nothing is installed on the base image."""
        return not (self.install or self.image_steps)

    @property
    def image_steps(self) -> tuple[str, ...]:
        """What only an engine can do: Debian packages and commands."""
        return (*self.apt_packages, *self.pre_build_commands, *self.post_build_commands)

    @property
    def install(self) -> tuple[tuple[str, ...], ...]:
        """The arguments of each ``pip install``, which runs in the folder of the dependency files."""
        file = (("--no-deps",) if self.locked else ()) + ("-r", self.requirements_file or "")
        from_file = (file,) if self.requirements_file else ()
        return (*from_file, self.requirements) if self.requirements else from_file

    @property
    def left_out(self) -> dict[str, str]:
        """What the lock file names and the base ships: it is not installed. The locked requirement, by name."""
        row = row_of(self.base.reference)
        if row is None or not self.locked or self.requirements_file is None:
            return {}
        return locked.left_out(self.files[self.requirements_file], row)

    @property
    def installed_files(self) -> dict[str, bytes]:
        """The dependency files as they are installed from."""
        if not self.left_out or self.requirements_file is None:
            return self.files
        content = locked.without(self.files[self.requirements_file], self.left_out)
        return {**self.files, self.requirements_file: content}

    @property
    def context(self) -> dict[str, bytes]:
        """The files of the build context of `build_dockerfile`, without the Dockerfile."""
        return {f"{_CONTEXT}/{path}": content for path, content in self.installed_files.items()}

    @property
    def secret_ids(self) -> tuple[str, ...]:
        """The build secrets that have to be mounted; a builder without secret mounts cannot build this."""
        return (INDEX_SECRET,) if self.index and self.install else ()

    @property
    def debian_packages(self) -> tuple[str, ...]:
        """What is installed by apt: what was asked for, and what the dependencies cannot be fetched without."""
        return tuple(sorted({*self.apt_packages, *self._fetchers}))

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader of the plan should know of it."""
        return tuple(self._warnings())

    @property
    def inputs(self) -> dict[str, object]:
        """Exactly what the key is made of, as JSON has it."""
        return {
            "schema": _SCHEMA,
            "platform": self.platform,
            "base": self.base.reference,
            "recipe": self.base.recipe,
            "files": {path: hashlib.sha256(content).hexdigest() for path, content in self.installed_files.items()},
            "install": [list(arguments) for arguments in self.install],
            "index": self.index,
            "apt": list(self.debian_packages),
            "before": list(self.pre_build_commands),
            "after": list(self.post_build_commands),
            "python": self.requires_python if self.base.recipe else None,
        }

    @property
    def key(self) -> str:
        """16 hexadecimal digits that are the same if and only if the environment is."""
        return hashlib.sha256(msgspec.json.encode(self.inputs, order="deterministic")).hexdigest()[:16]

    @property
    def recipe(self) -> dict[str, bytes]:
        """The files of the layer from which an executor makes the environment, by their paths in the image."""
        recipe = {
            "schema": _RECIPE_SCHEMA,
            "key": self.key,
            "python": self.requires_python,
            "install": self.install,
        }
        files = {**self.files, "recipe.json": msgspec.json.encode(recipe, order="deterministic")}
        if self.locked and self.requirements_file is not None:
            files[self.requirements_file] = locked.without_hashes(files[self.requirements_file])
        return {f"{_FOLDER}/{path}": content for path, content in files.items()}

    def build_dockerfile(self, *, buildkit: bool) -> str:
        """The Dockerfile of the environment alone, built with `context`.

        `buildkit`: whether the builder knows cache and secret mounts, as BuildKit and podman do.
        """
        return _text(self._steps(self.installer(buildkit=buildkit), _from_context(self.files)))

    def dockerfile(
        self,
        command: Sequence[str],
        *,
        generated: Sequence[GeneratedFile] = (),
        search_paths: Mapping[str, str] = {},
    ) -> str:
        """A Dockerfile that makes the whole image from the project's directory: the environment, then the project,
        then how it is started.

        `generated`: files that are put beside the project's. `search_paths`: folders, separated by ``:``, that come
        before those of the base in a variable such as PATH.
        """
        installer = self.installer(buildkit=bool(self.secret_ids))
        return _text(
            [
                *self._steps(installer, self._from_project()),
                *([] if self._ends_in_project else [dockerfile.workdir(WORKING_DIRECTORY)]),
                dockerfile.copy(".", f"{WORKING_DIRECTORY}/"),
                *project_steps(generated, search_paths),
                dockerfile.cmd(command),
            ]
        )

    def installer(self, *, buildkit: bool) -> Installer:
        """What writes the instructions for this base and index."""
        return Installer(
            buildkit=buildkit,
            index=bool(self.index),
            protect=not is_slim(self.base.reference),
        )

    def dependency_steps(self, installer: Installer) -> Iterator[str]:
        """The instructions that install the dependencies, in the folder where their files are."""
        for arguments in self.install:
            if self.locked and "-r" in arguments:
                content = self.installed_files[arguments[-1]]
                yield from installer.locked(arguments[-1], hashed=locked.all_hashed(content))
            else:
                yield installer.pip(arguments)

    def _steps(self, installer: Installer, files: Iterator[str]) -> Iterator[str]:
        yield dockerfile.from_image(self.base.reference)
        yield from installer.apt(self.debian_packages)
        yield from map(dockerfile.shell, self.pre_build_commands)
        if self.install:
            yield dockerfile.workdir(f"/{_FOLDER}")
            yield from files
            yield from installer.protection()
            yield from self.dependency_steps(installer)
        if self._ends_in_project:
            yield dockerfile.workdir(WORKING_DIRECTORY)
        yield from map(dockerfile.shell, self.post_build_commands)

    @property
    def _ends_in_project(self) -> bool:
        return bool(self.install and self.post_build_commands)

    def _from_project(self) -> Iterator[str]:
        for path, content in sorted(self.installed_files.items()):
            if dockerfile.is_plain(path) and not (self.locked and path == self.requirements_file):
                yield dockerfile.copy(path, path)
            else:
                yield from dockerfile.written(path, content.decode(errors="replace"))

    @property
    def _fetchers(self) -> tuple[str, ...]:
        """Programs that fetch dependencies and that Python's slim images lack."""
        if not is_slim(self.base.reference):
            return ()
        return tuple(sorted(_VCS_PACKAGES[scheme] for scheme in _VCS if any(scheme in line for line in self._lines)))

    @property
    def _lines(self) -> tuple[str, ...]:
        lines = (line for content in self.files.values() for line in content.decode(errors="replace").splitlines())
        return (*(line for line in lines if not line.lstrip().startswith("#")), *map(_address, self.requirements))

    def _warnings(self) -> Iterator[str]:
        missing = [package for package in self._fetchers if package not in self.apt_packages]
        if missing:
            yield f"{', '.join(missing)} is installed by apt: dependencies are fetched with it, and the base lacks it"
        row = row_of(self.base.reference)
        for name, requirement in sorted(self.left_out.items()):
            shipped = row.ships.get(name) if row else None
            if shipped is not None:
                what = f"{name} {shipped}".rstrip()
                yield f"{requirement} of the lock file is left out: {self.base.reference} ships {what}"


def project_steps(generated: Sequence[GeneratedFile], search_paths: Mapping[str, str]) -> Iterator[str]:
    """The instructions that put beside the project what its layers have beside it."""
    for file in generated:
        yield from dockerfile.written(file.path, file.content.decode(errors="replace"), file.mode)
    for variable, folders in search_paths.items():
        yield dockerfile.prepend(variable, folders)


def index_host(url: str | None) -> str | None:
    """``host[:port]`` of a package index: what of its URL is no secret, and enters the key."""
    return urlsplit(url).netloc.rpartition("@")[2].lower() if url else None


def _from_context(files: Mapping[str, bytes]) -> Iterator[str]:
    if files:
        yield dockerfile.copy(f"{_CONTEXT}/", f"/{_FOLDER}/")


def _address(requirement: str) -> str:
    try:
        return Requirement(requirement).url or ""
    except InvalidRequirement:
        return ""


def _text(instructions: Iterator[str] | Sequence[str]) -> str:
    return "".join(f"{instruction}\n" for instruction in instructions)
