"""What a project and its settings amount to, before it is planned."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from msgspec import Struct
from msgspec.structs import replace

from chamber.run import answers
from chamber.run.images import bases
from chamber.run.images.bases import Choice
from chamber.run.images.environment import WORKING_DIRECTORY, Environment, index_host
from chamber.run.images.own import starts_itself
from chamber.run.job import launch, topology
from chamber.run.planning import dockerfiles
from chamber.run.planning.dockerfiles import OwnDockerfile
from chamber.run.project import detection, notebooks, sizes
from chamber.run.project import package as packages
from chamber.run.project.files import GeneratedFile, ProjectFile, Selection, select
from chamber.run.project.package import Package
from chamber.run.project.profile import Evidence, Launcher, Profile
from chamber.run.reference import Reference
from chamber.run.settings.configuration import RunSettings
from chamber.run.targets import BaseImage, Registry

__all__ = ["Facts", "gather"]


class Facts(Struct, frozen=True, kw_only=True):
    """What is in a project's directory, and what that means."""

    selection: Selection
    profile: Profile
    environment: Environment
    warnings: tuple[str, ...]
    #: What is put beside the project's files: a package's metadata and commands, a notebook as a program.
    generated: tuple[GeneratedFile, ...] = ()
    #: Folders of the image that come first in PATH and PYTHONPATH, separated by ``:``.
    search_paths: dict[str, str] = {}
    #: The Dockerfile of the project that makes the image.
    own: OwnDockerfile | None = None
    #: Why the environment stands on its base.
    base_why: str = ""
    #: Why an engine has to build the image whole, in a sentence; and whether the project is then installed.
    whole: str | None = None
    install_project: bool = False
    build_requires: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[ProjectFile, ...]:
        """What goes into the image, sorted by path."""
        return self.selection.files


def gather(directory: Path, settings: RunSettings, registry: Registry | None, dockerfile: str | None = None) -> Facts:
    """Read the project in `directory`, which goes to `registry`; `dockerfile`: the one that was asked for.

    Raises ConfigurationError: there is no entrypoint or several, a file is malformed, or may not be sent, or all
    of them have more than the settings allow.
    """
    selection = select(directory, settings.ignore, settings.include, dockerfile)
    paths = {file.path for file in selection.files if not file.is_folder}
    own = dockerfiles.find(directory, paths, dockerfile, is_used=not _has_recipes(settings, registry))
    profile, needs = _detected(directory, paths, settings, own)
    choice = _base(settings, profile, needs, registry)
    environment = _environment(settings, profile, needs, choice.base)
    package = packages.read(directory, paths)
    installed = packages.files_of(package) if package else ()
    generated = (*installed, *notebooks.converted(directory, profile.entrypoint))
    sizes.check(selection.files, settings.max_project_size, generated)
    return Facts(
        selection=selection,
        profile=profile,
        environment=environment,
        warnings=tuple(_warnings(settings, profile, needs, choice, environment, package)),
        generated=generated,
        search_paths=_search_paths(package.roots if package else packages.source_roots(directory, paths), package),
        own=own,
        base_why=choice.why,
        whole=None if choice.base.recipe else f"{own.name} makes the image" if own else needs.whole,
        install_project=needs.install_project,
        build_requires=needs.build_requires,
    )


def _environment(
    settings: RunSettings, profile: Profile, needs: detection.Dependencies, base: BaseImage
) -> Environment:
    return Environment(
        base=base,
        requirements_file=needs.requirements_file,
        files=needs.files,
        locked=needs.locked,
        requirements=(*needs.requirements, *settings.extra_pip_packages),
        apt_packages=(*needs.apt_packages, *settings.extra_apt_packages),
        pre_build_commands=settings.pre_build_commands,
        post_build_commands=settings.post_build_commands,
        requires_python=profile.requires_python,
        platform=settings.platform,
        index=index_host(settings.pip_index_url.reveal()) if settings.pip_index_url else None,
    )


def _search_paths(roots: tuple[str, ...], package: Package | None) -> dict[str, str]:
    """Where the project's modules are found although the working directory is another, and its commands."""
    modules = [_in_image(root) for root in roots if package or root != "."]
    modules += [_in_image(packages.SITE)] if package else []
    commands = [_in_image(packages.BIN)] if package and package.scripts else []
    folders = {"PATH": commands, "PYTHONPATH": modules}
    return {variable: ":".join(there) for variable, there in folders.items() if there}


def _in_image(folder: str) -> str:
    return posixpath.normpath(posixpath.join(WORKING_DIRECTORY, folder))


def _warnings(
    settings: RunSettings,
    profile: Profile,
    needs: detection.Dependencies,
    choice: Choice,
    environment: Environment,
    package: Package | None,
) -> Iterator[str]:
    yield from (f"{path} goes into the image: 'include' says so" for path in settings.include)
    yield from needs.warnings
    yield from choice.warnings
    yield from bases.warnings_about(choice.base, profile.python_version)
    yield from environment.warnings
    yield from package.warnings if package else ()


def _starts_itself(own: OwnDockerfile, settings: RunSettings) -> bool:
    return starts_itself(own.text, has_arguments=bool(settings.entrypoint_args))


def _has_recipes(settings: RunSettings, registry: Registry | None) -> bool:
    """Whether what goes to this registry is installed by an executor, which builds from no Dockerfile."""
    if settings.base_image is not None or registry is None:
        return False
    base = answers.base_image(registry.prefix, "generic", None)
    return base is not None and base.recipe


def _detected(
    directory: Path, paths: set[str], settings: RunSettings, own: OwnDockerfile | None
) -> tuple[Profile, detection.Dependencies]:
    known = answers.detect(directory)
    if known is None:
        starter = own.name if own and settings.entrypoint is None and _starts_itself(own, settings) else None
        profile, needs = detection.detect(
            directory,
            paths,
            settings.entrypoint,
            framework=settings.framework,
            dependencies=settings.dependencies,
            starter=starter,
        )
    else:
        profile = replace(known, entrypoint=settings.entrypoint or known.entrypoint)
        needs = detection.read_dependencies(directory, paths, settings.dependencies or known.requirements_file)
    if settings.python_version is not None:
        profile = _on_python(profile, ".".join(settings.python_version.split(".")[:2]))
    launcher = _launcher(profile, settings)
    why = Evidence("launcher", launcher, _why(launcher, profile, settings), "launcher=")
    return replace(profile, launcher=launcher, evidence=(*profile.evidence, why) if profile.evidence else ()), needs


def _on_python(profile: Profile, version: str) -> Profile:
    asked_for = Evidence("python", version, "it was asked for", "python_version=")
    evidence = tuple(asked_for if one.what == asked_for.what else one for one in profile.evidence)
    return replace(profile, python_version=version, requires_python=f"=={version}.*", evidence=evidence)


def _launcher(profile: Profile, settings: RunSettings) -> Launcher:
    if profile.starts_itself:
        return "python"
    shape = topology.of(settings.gpus, settings.nodes, settings.gpus_per_node)
    return launch.launcher_for(profile, settings.distributed, shape, cast("Launcher | None", settings.launcher))


def _why(launcher: Launcher, profile: Profile, settings: RunSettings) -> str:
    if profile.starts_itself:
        return f"{profile.entrypoint} says what is run"
    if settings.launcher is not None:
        return "it was asked for"
    if settings.distributed != "auto":
        return f"distributed is {settings.distributed}"
    if launcher == "python":
        return "one process is started on a node"
    uses = {"torchrun": "PyTorch", "mpi": "Horovod"}.get(launcher, launcher)
    return f"the project uses {uses}, on {settings.gpus} GPUs"


def _base(settings: RunSettings, profile: Profile, needs: detection.Dependencies, registry: Registry | None) -> Choice:
    if settings.base_image is not None:
        Reference.parse(settings.base_image)
        named = BaseImage(settings.base_image)
        bases.check(named, needs.asked)
        return Choice(named, "base_image names it")
    asked = registry and answers.base_image(registry.prefix, profile.framework, profile.python_version)
    if asked:
        return Choice(asked, "a plugin names it")
    return bases.choose(profile.framework, profile.python_version, needs.versions, settings.gpu_type, settings.platform)
