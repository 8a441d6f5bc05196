"""What a project and its settings amount to, before it is planned."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from chamber.run import answers
from chamber.run.images import bases
from chamber.run.images.bases import Choice
from chamber.run.images.environment import Environment, index_host
from chamber.run.job import launch
from chamber.run.project import detection
from chamber.run.project.files import ProjectFile, choose, secrets_in
from chamber.run.project.profile import Profile
from chamber.run.reference import Reference
from chamber.run.settings.configuration import RunSettings
from chamber.run.targets import BaseImage, Registry

__all__ = ["Facts", "gather"]


class Facts(Struct, frozen=True, kw_only=True):
    """What is in a project's directory, and what that means."""

    files: tuple[ProjectFile, ...]
    profile: Profile
    environment: Environment
    warnings: tuple[str, ...]
    #: Why the environment stands on its base.
    base_why: str = ""
    #: Why the project cannot be put on its environment as it is, in a sentence.
    whole: str | None = None


def gather(directory: Path, settings: RunSettings, registry: Registry | None) -> Facts:
    """Read the project in `directory`, which goes to `registry`.

    Raises ConfigurationError: there is no entrypoint or several, a file is malformed, or may not be sent.
    """
    files = choose(directory, settings.ignore, settings.include)
    secrets_in(directory, files, settings.include)
    profile, needs = _detected(directory, {file.path for file in files}, settings)
    choice = _base(settings, profile, registry)
    environment = Environment(
        base=choice.base,
        requirements_file=needs.requirements_file,
        files=needs.files,
        requirements=(*needs.requirements, *settings.extra_pip_packages),
        apt_packages=settings.extra_apt_packages,
        pre_build_commands=settings.pre_build_commands,
        post_build_commands=settings.post_build_commands,
        requires_python=profile.requires_python,
        platform=settings.platform,
        index=index_host(settings.pip_index_url.reveal()) if settings.pip_index_url else None,
    )
    included = (f"{path} goes into the image: 'include' says so" for path in settings.include)
    of_base = (*choice.warnings, *bases.warnings_about(choice.base, profile.python_version))
    warnings = (*included, *needs.warnings, *of_base, *environment.warnings)
    return Facts(files=files, profile=profile, environment=environment, warnings=warnings, base_why=choice.why)


def _detected(directory: Path, paths: set[str], settings: RunSettings) -> tuple[Profile, detection.Dependencies]:
    known = answers.detect(directory)
    if known is None:
        profile, needs = detection.detect(directory, paths, settings.entrypoint)
    else:
        profile = replace(known, entrypoint=settings.entrypoint or known.entrypoint)
        needs = detection.read_dependencies(directory, paths, known.requirements_file)
    if settings.python_version is not None:
        version = ".".join(settings.python_version.split(".")[:2])
        profile = replace(profile, python_version=version, requires_python=f"=={version}.*")
    return replace(profile, launcher=launch.launcher_for(profile, settings.distributed, settings.gpus)), needs


def _base(settings: RunSettings, profile: Profile, registry: Registry | None) -> Choice:
    if settings.base_image is not None:
        Reference.parse(settings.base_image)
        return Choice(BaseImage(settings.base_image), "base_image names it")
    asked = registry and answers.base_image(registry.prefix, profile.framework, profile.python_version)
    if asked:
        return Choice(asked, "a plugin names it")
    return bases.choose(profile.framework, profile.python_version, {}, settings.gpu_type, settings.platform)
