"""What a project and its settings amount to, before it is planned."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from msgspec import Struct
from msgspec.structs import replace

from chamber.run import answers
from chamber.run.images import bases
from chamber.run.images.bases import Choice
from chamber.run.images.environment import Environment, index_host
from chamber.run.job import launch, topology
from chamber.run.project import detection, sizes
from chamber.run.project.files import ProjectFile, Selection, select
from chamber.run.project.profile import Launcher, Profile
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
    #: Why the environment stands on its base.
    base_why: str = ""
    #: Why the project cannot be put on its environment as it is, in a sentence.
    whole: str | None = None

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
    sizes.check(selection.files, settings.max_project_size)
    paths = {file.path for file in selection.files if not file.is_folder}
    profile, needs = _detected(directory, paths, settings)
    choice = _base(settings, profile, registry)
    environment = Environment(
        base=choice.base,
        requirements_file=needs.requirements_file,
        files=needs.files,
        requirements=(*needs.requirements, *settings.extra_pip_packages),
        apt_packages=(*needs.apt_packages, *settings.extra_apt_packages),
        pre_build_commands=settings.pre_build_commands,
        post_build_commands=settings.post_build_commands,
        requires_python=profile.requires_python,
        platform=settings.platform,
        index=index_host(settings.pip_index_url.reveal()) if settings.pip_index_url else None,
    )
    included = (f"{path} goes into the image: 'include' says so" for path in settings.include)
    of_base = (*choice.warnings, *bases.warnings_about(choice.base, profile.python_version))
    warnings = (*included, *needs.warnings, *of_base, *environment.warnings)
    return Facts(selection=selection, profile=profile, environment=environment, warnings=warnings, base_why=choice.why)


def _detected(directory: Path, paths: set[str], settings: RunSettings) -> tuple[Profile, detection.Dependencies]:
    known = answers.detect(directory)
    if known is None:
        profile, needs = detection.detect(
            directory, paths, settings.entrypoint, framework=settings.framework, dependencies=settings.dependencies
        )
    else:
        profile = replace(known, entrypoint=settings.entrypoint or known.entrypoint)
        needs = detection.read_dependencies(directory, paths, settings.dependencies or known.requirements_file)
    if settings.python_version is not None:
        version = ".".join(settings.python_version.split(".")[:2])
        profile = replace(profile, python_version=version, requires_python=f"=={version}.*")
    return replace(profile, launcher=_launcher(profile, settings)), needs


def _launcher(profile: Profile, settings: RunSettings) -> Launcher:
    shape = topology.of(settings.gpus, settings.nodes, settings.gpus_per_node)
    return launch.launcher_for(profile, settings.distributed, shape, cast("Launcher | None", settings.launcher))


def _base(settings: RunSettings, profile: Profile, registry: Registry | None) -> Choice:
    if settings.base_image is not None:
        Reference.parse(settings.base_image)
        return Choice(BaseImage(settings.base_image), "base_image names it")
    asked = registry and answers.base_image(registry.prefix, profile.framework, profile.python_version)
    if asked:
        return Choice(asked, "a plugin names it")
    return bases.choose(profile.framework, profile.python_version, {}, settings.gpu_type, settings.platform)
