"""Registries and images, by the engines and the registry client of `chamber.run`."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chamber.core.errors import ChamberError, DockerError
from chamber_sdk.extra import extra

if TYPE_CHECKING:
    from chamber.run.errors import RegistryAuthError
    from chamber.run.targets import Registry

__all__ = [
    "DockerError",
    "RegistryAuthError",
    "build_and_push_image",
    "build_image",
    "check_docker_available",
    "compute_context_size",
    "create_image_tag",
    "ensure_ecr_auth",
    "ensure_ecr_repository",
    "ensure_gar_auth",
    "ensure_gar_repository",
    "extract_ecr_region",
    "extract_gar_location",
    "extract_gar_project",
    "image_exists_remote",
    "is_ecr_registry",
    "is_gar_registry",
    "latest_tag",
    "pull_image_for_cache",
    "push_image",
]

Say = Callable[[str], None]


def is_ecr_registry(registry: str) -> bool:
    """Whether a registry is one of Amazon's, in any partition."""
    with extra():
        from chamber.run.clouds import aws
    return aws.place_of(registry.partition("/")[0]) is not None


def is_gar_registry(registry: str) -> bool:
    """Whether a registry is one of Google's."""
    with extra():
        from chamber.run.clouds import google
    return google.place_of(registry.partition("/")[0]) is not None


def extract_ecr_region(registry: str) -> str | None:
    """The region of a registry of Amazon's; None: it is none."""
    with extra():
        from chamber.run.clouds import aws
    place = aws.place_of(registry.partition("/")[0])
    return place.region if place else None


def extract_gar_location(registry: str) -> str | None:
    """The location of a registry of Google's; None: it is none."""
    with extra():
        from chamber.run.clouds import google
    place = google.place_of(registry.partition("/")[0])
    return place.location if place else None


def extract_gar_project(registry: str) -> str | None:
    """The project of a registry of Google's; None: it is none, or names none."""
    host, *parts = registry.split("/")
    return parts[0] if parts and is_gar_registry(host) else None


def ensure_ecr_auth(registry: str, on_progress: Say | None = None) -> None:
    """See that a login for a registry of Amazon's can be had. It is kept nowhere: a push asks for its own.

    Raises DockerError: it cannot.
    """
    if is_ecr_registry(registry):
        _check_login(registry, on_progress)


def ensure_gar_auth(registry: str, on_progress: Say | None = None) -> None:
    """See that a login for a registry of Google's can be had. It is kept nowhere: a push asks for its own.

    Raises DockerError: it cannot.
    """
    if is_gar_registry(registry):
        _check_login(registry, on_progress)


def ensure_ecr_repository(image_tag: str, on_progress: Say | None = None) -> None:
    """Make the repository of an image at Amazon, unless it is there. Raises DockerError: it cannot be made."""
    if is_ecr_registry(image_tag):
        _make_repository(image_tag, on_progress)


def ensure_gar_repository(image_tag: str, on_progress: Say | None = None) -> None:
    """Make the repository of an image at Google, unless it is there. Raises DockerError: it cannot be made."""
    if is_gar_registry(image_tag):
        _make_repository(image_tag, on_progress)


def latest_tag(tag: str) -> str:
    """The same image with the tag ``latest``."""
    folder, slash, name = tag.partition("@")[0].rpartition("/")
    return f"{folder}{slash}{name.partition(':')[0]}:latest"


def compute_context_size(directory: str | os.PathLike[str]) -> int:
    """Bytes of the files that go into the image of the project in `directory`; 0 when there is no such folder."""
    with extra():
        from chamber.run.project.files import select
    root = Path(directory).resolve()
    return sum(file.size for file in select(root, (), ()).files) if root.is_dir() else 0


def check_docker_available() -> None:
    """See that a container engine answers: docker, podman or nerdctl. Raises DockerError: none does."""
    with extra():
        from chamber.core.portal import call
        from chamber.run.engines import find
    call(find())


def build_and_push_image(
    context_dir: str | os.PathLike[str],
    tag: str,
    dockerfile_content: str,
    dockerignore_content: str,
    cache_from: str | None = None,
    on_progress: Say | None = None,
) -> None:
    """Build an image of the files in `context_dir` and push it; nothing is written there.

    Raises DockerError: it could not be built or pushed. Raises RegistryAuthError: the registry refused.
    """
    with extra():
        from chamber.core.portal import call
        from chamber_sdk.run import building
    root, say = _folder(context_dir), _aloud(on_progress)
    registry = _registry(_checked(tag))
    call(building.published(root, tag, dockerfile_content, dockerignore_content, cache_from, registry, say))


def build_image(
    context_dir: str | os.PathLike[str],
    tag: str,
    dockerfile_content: str,
    dockerignore_content: str,
    on_progress: Say | None = None,
) -> None:
    """Build an image of the files in `context_dir`, and keep it on this machine; nothing is written there.

    Raises DockerError: it could not be built.
    """
    with extra():
        from chamber.core.portal import call
        from chamber_sdk.run import building
    root, say = _folder(context_dir), _aloud(on_progress)
    call(building.built(root, tag, dockerfile_content, dockerignore_content, say))


def push_image(tag: str, on_progress: Say | None = None) -> None:
    """Push an image that was built on this machine.

    Raises DockerError: it could not be pushed. Raises RegistryAuthError: the registry refused.
    """
    with extra():
        from chamber.core.portal import call
        from chamber_sdk.run import building
    call(building.pushed(tag, _registry(_checked(tag)), _aloud(on_progress)))


def pull_image_for_cache(tag: str, on_progress: Say | None = None) -> bool:
    """Whether an engine could pull an image, whose steps it then has."""
    with extra():
        from chamber.core.portal import call
        from chamber_sdk.run import building
    try:
        done = call(building.pulled(_checked(tag), _registry(tag)))
    except DockerError:
        done = False
    _say(on_progress, f"{tag} was pulled" if done else f"{tag} could not be pulled")
    return done


def image_exists_remote(tag: str) -> bool:
    """Whether a registry has an image of this name and tag, and lets it be seen."""
    with extra():
        from chamber.core.portal import call
        from chamber_sdk.run import tagging
    try:
        return call(tagging.found(_checked(tag), _registry)) is not None
    except ChamberError:
        return False


def create_image_tag(source: str, target: str) -> bool:
    """Whether the registry has the image `source` under `target` now as well. Layers it has already are not sent."""
    with extra():
        from chamber.core.portal import call
        from chamber_sdk.run import tagging
    try:
        call(tagging.tagged(_checked(source), _checked(target), _registry))
    except ChamberError:
        return False
    return True


def _check_login(registry: str, say: Say | None) -> None:
    known = _registry(registry)
    _say(say, f"looking for a login of {known.prefix}")
    try:
        found = known.login() if known.login else None
    except DockerError:
        raise
    except ChamberError as error:
        raise DockerError(error.message) from None
    if found is None:
        raise DockerError(f"No login for {known.prefix} was found: log in with its command line, or 'docker login'")
    _say(say, f"a login of {known.prefix} was found")


def _make_repository(image: str, say: Say | None) -> None:
    from chamber.run.reference import Reference

    known, path = _registry(image), Reference.parse(image).repository
    if known.create_repository:
        known.create_repository(path)
        _say(say, f"{path} is there")


def _registry(image: str) -> Registry:
    """What plugins and the configuration know of the registry of an image."""
    from chamber.core.settings import DEFAULT_API_URL
    from chamber.run import answers

    folder, slash, name = image.partition("@")[0].rpartition("/")
    return answers.known_registry(f"{folder}{slash}{name.partition(':')[0]}" if slash else image, DEFAULT_API_URL)


def _folder(directory: str | os.PathLike[str]) -> Path:
    root = Path(directory).resolve()
    if not root.is_dir():
        raise DockerError(f"There is no folder {directory} to build from")
    return root


def _checked(image: str) -> str:
    """`image`. Raises DockerError: it is no reference of an image in a registry."""
    from chamber.core.errors import ConfigurationError
    from chamber.run.reference import Reference

    try:
        Reference.parse(image)
    except ConfigurationError as error:
        raise DockerError(error.message) from None
    return image


def _aloud(listener: Say | None) -> Callable[[str], Awaitable[None]]:
    """Says in the caller's thread what happens in another."""

    async def say(message: str) -> None:
        from chamber.core.portal import in_caller

        await in_caller(_say, listener, message)

    return say


def _say(listener: Say | None, message: str) -> None:
    if listener is not None:
        listener(message)


def __getattr__(name: str) -> Any:
    """`RegistryAuthError`, which comes with the extra."""
    if name != "RegistryAuthError":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with extra():
        from chamber.run.errors import RegistryAuthError
    return RegistryAuthError
