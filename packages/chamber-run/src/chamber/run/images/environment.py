"""The environment of a project: what is put on the base image before the project itself."""

from __future__ import annotations

import hashlib
import shlex
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from chamber.run.targets import BaseImage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["WORKING_DIRECTORY", "Environment"]

#: Where a project's files are in its image, and where its command runs.
WORKING_DIRECTORY = "/app"
_FOLDER = "opt/chamber/environment"
_SCHEMA = 1
_PLATFORM = "linux/amd64"
_PIP = ("python", "-m", "pip", "install", "--no-cache-dir")


class Environment(Struct, frozen=True, kw_only=True):
    """A base image and what is installed on it."""

    base: BaseImage
    requirements_file: str | None = None
    #: The requirements file and what it includes, by path.
    files: dict[str, bytes] = {}
    #: Requirements that are in no file: the project's own, then the extra ones.
    requirements: tuple[str, ...] = ()
    apt_packages: tuple[str, ...] = ()
    pre_build_commands: tuple[str, ...] = ()
    post_build_commands: tuple[str, ...] = ()
    #: The versions of Python that a recipe may be installed with.
    requires_python: str | None = None

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
        from_file = (("-r", self.requirements_file),) if self.requirements_file else ()
        return (*from_file, self.requirements) if self.requirements else from_file

    @property
    def key(self) -> str:
        """16 hexadecimal digits that are the same if and only if the environment is."""
        inputs = {
            "schema": _SCHEMA,
            "platform": _PLATFORM,
            "base": self.base.reference,
            "recipe": self.base.recipe,
            "files": {path: hashlib.sha256(content).hexdigest() for path, content in self.files.items()},
            "install": self.install,
            "apt": sorted(self.apt_packages),
            "before": self.pre_build_commands,
            "after": self.post_build_commands,
            "python": self.requires_python if self.base.recipe else None,
        }
        return hashlib.sha256(msgspec.json.encode(inputs, order="deterministic")).hexdigest()[:16]

    @property
    def recipe(self) -> dict[str, bytes]:
        """The files of the layer from which an executor makes the environment, by their paths in the image."""
        recipe = {
            "schema": _SCHEMA,
            "key": self.key,
            "python": self.requires_python,
            "install": self.install,
        }
        files = {**self.files, "recipe.json": msgspec.json.encode(recipe, order="deterministic")}
        return {f"{_FOLDER}/{path}": content for path, content in files.items()}

    @property
    def context(self) -> dict[str, bytes]:
        """The files that the build of the environment copies from."""
        return self.files

    @property
    def secret_ids(self) -> tuple[str, ...]:
        """The secrets that the build mounts."""
        return ()

    def build_dockerfile(self, *, buildkit: bool) -> str:
        """A Dockerfile that makes the environment alone; with `buildkit`, steps may have mounts."""
        del buildkit
        return "\n".join(self._build_steps()) + "\n"

    def whole_dockerfile(self, command: Sequence[str]) -> str:
        """A Dockerfile that makes the whole image of a project that has to be built."""
        return self.dockerfile(command)

    def dockerfile(self, command: Sequence[str]) -> str:
        """A Dockerfile that makes the whole image: the environment, then the project, then how it is started."""
        lines = [
            *self._build_steps(),
            f"WORKDIR {WORKING_DIRECTORY}",
            _exec("COPY", [".", f"{WORKING_DIRECTORY}/"]),
            _exec("CMD", command),
        ]
        return "\n".join(lines) + "\n"

    def _build_steps(self) -> Iterator[str]:
        yield f"FROM {self.base.reference}"
        if self.apt_packages:
            yield _shell(
                "apt-get update && apt-get install -y --no-install-recommends "
                f"{shlex.join(sorted(self.apt_packages))} && rm -rf /var/lib/apt/lists/*"
            )
        yield from map(_shell, self.pre_build_commands)
        yield from self._install_steps()
        yield from map(_shell, self.post_build_commands)

    def _install_steps(self) -> Iterator[str]:
        if self.install:
            yield f"WORKDIR /{_FOLDER}"
        for path in sorted(self.files):
            yield _exec("COPY", [path, path])
        for arguments in self.install:
            yield _exec("RUN", [*_PIP, *arguments])


def _shell(command: str) -> str:
    return _exec("RUN", ["/bin/sh", "-c", command])


def _exec(instruction: str, words: Sequence[str]) -> str:
    """An instruction in exec form: JSON, in which a builder expands nothing and no text can start a new line."""
    return f"{instruction} {msgspec.json.encode(list(words)).decode()}"
