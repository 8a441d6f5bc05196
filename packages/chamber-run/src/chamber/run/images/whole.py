"""Images that an engine builds whole: projects with compiled parts, and a user's own Dockerfile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from chamber.run.images import dockerfile
from chamber.run.images.catalogue import PACKAGE, is_slim
from chamber.run.images.environment import WORKING_DIRECTORY, Environment, project_steps

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from chamber.run.images.installation import Installer
    from chamber.run.project.files import GeneratedFile

__all__ = ["whole_dockerfile", "without_effect"]

_COMPILERS = "build-essential"
_ENVIRONMENT_SETTINGS = (
    "base_image",
    "dependencies",
    "extra_apt_packages",
    "extra_pip_packages",
    "framework",
    "pip_index_url",
    "post_build_commands",
    "pre_build_commands",
    "python_version",
)


def whole_dockerfile(
    environment: Environment,
    command: Sequence[str],
    *,
    buildkit: bool,
    install: Sequence[str] = (".",),
    build_requires: Sequence[str] = (),
    generated: Sequence[GeneratedFile] = (),
    search_paths: Mapping[str, str] = {},
) -> str:
    """A Dockerfile that makes the whole image from the project's directory, and compiles what has to be.

    `install`: what is installed of the project, by its path in it. `build_requires`: what building takes, as in
    ``[build-system]``. Builds are isolated, as everywhere, unless they take a framework: it must be the one that the
    code then runs with, so what building takes is installed first and isolation is off.
    """
    installer = environment.installer(buildkit=buildkit or bool(environment.secret_ids))
    return "".join(
        f"{instruction}\n"
        for instruction in (
            dockerfile.from_image(environment.base.reference),
            *installer.apt(_packages(environment)),
            *map(dockerfile.shell, environment.pre_build_commands),
            dockerfile.workdir(WORKING_DIRECTORY),
            dockerfile.copy(".", f"{WORKING_DIRECTORY}/"),
            *_lock_file(environment),
            *installer.protection(),
            *environment.dependency_steps(installer),
            *_compiled(installer, install, build_requires),
            *map(dockerfile.shell, environment.post_build_commands),
            *project_steps(generated, search_paths),
            dockerfile.cmd(command),
        )
    )


def without_effect(given: Collection[str], dockerfile_name: str) -> Iterator[str]:
    """Warnings about settings that were given and do nothing, because a Dockerfile of the project's makes the image.

    `given`: the names of the settings that are not at their defaults.
    """
    idle = [name for name in _ENVIRONMENT_SETTINGS if name in given]
    if idle:
        verb = "does" if len(idle) == 1 else "do"
        yield f"{', '.join(idle)} {verb} nothing: {dockerfile_name} says what is in the image"


def _packages(environment: Environment) -> tuple[str, ...]:
    compilers = {_COMPILERS} if is_slim(environment.base.reference) else set()
    return tuple(sorted({*environment.debian_packages, *compilers}))


def _lock_file(environment: Environment) -> Iterator[str]:
    """A locked file is made here, and no file of the project."""
    file = environment.requirements_file
    if environment.locked and file is not None:
        yield from dockerfile.written(file, environment.installed_files[file].decode("utf-8", errors="replace"))


def _compiled(installer: Installer, install: Sequence[str], build_requires: Sequence[str]) -> Iterator[str]:
    if not install:
        return
    frameworks = set(PACKAGE.values()) & set(map(_name, build_requires))
    if frameworks:
        yield installer.pip(build_requires)
    isolation = ["--no-build-isolation"] if frameworks else []
    yield installer.pip(["--no-deps", *isolation, *map(_local, install)])


def _name(requirement: str) -> str:
    try:
        return canonicalize_name(Requirement(requirement).name)
    except InvalidRequirement:
        return ""


def _local(path: str) -> str:
    """A path that pip takes for no distribution's name and no option."""
    return path if path == "." else f"./{path}"
