"""Registries and images, by the engines and the registry client of `chamber.run`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chamber.core.errors import ChamberError, DockerError
from chamber_sdk.extra import extra

if TYPE_CHECKING:
    from chamber.run.errors import RegistryAuthError
    from chamber.run.images.layers import ProjectLayers
    from chamber.run.targets import Registry

__all__ = [
    "DockerError",
    "RegistryAuthError",
    "build_and_push_image",
    "compute_context_size",
    "create_image_tag",
    "ensure_ecr_auth",
    "ensure_ecr_repository",
    "ensure_gar_auth",
    "ensure_gar_repository",
    "is_ecr_registry",
    "is_gar_registry",
    "latest_tag",
    "pull_image_for_cache",
]

Say = Callable[[str], None]

_PLATFORM = "linux/amd64"
#: Seconds that a pull may take.
_PULL = 120.0


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
        from chamber.core.portal import call, in_caller
        from chamber.run.engines import Build, find
    root = Path(context_dir).resolve()
    if not root.is_dir():
        raise DockerError(f"There is no folder {context_dir} to build from")
    _check(tag)

    async def built() -> None:
        engine = await find()
        layers = await _context(root, dockerignore_content)
        build = Build(tag=tag, dockerfile=dockerfile_content, context=layers, platform=_PLATFORM, cache=cache_from)
        await engine.publish(build, _registry(tag), lambda line: in_caller(_say, on_progress, line))

    call(built())


def pull_image_for_cache(tag: str, on_progress: Say | None = None) -> bool:
    """Whether an engine could pull an image, whose steps it then has."""
    with extra():
        from chamber.core.portal import call
        from chamber.run.engines import find
        from chamber.run.engines.process import allowed, answer
    _check(tag)

    async def pulled() -> bool:
        engine = await find()
        code, _ = await answer([*engine.client, "pull", tag], allowed(os.environ), _PULL)
        return code == 0

    try:
        done = call(pulled())
    except DockerError:
        done = False
    _say(on_progress, f"{tag} was pulled" if done else f"{tag} could not be pulled")
    return done


def create_image_tag(source: str, target: str) -> bool:
    """Whether the registry has the image `source` under `target` now as well. Layers it has already are not sent."""
    with extra():
        from chamber.core.portal import call
        from chamber_sdk.run.tagging import tagged
    _check(source)
    _check(target)
    try:
        call(tagged(source, target, _registry))
    except ChamberError:
        return False
    return True


async def _context(root: Path, dockerignore: str) -> ProjectLayers:
    """What is built from: the files of a folder, less what its own rules and these leave out."""
    from chamber.run.images.layers import plan_layers
    from chamber.run.project.files import select
    from chamber.run.threads import in_thread

    rules = [line for line in dockerignore.splitlines() if line.strip() and not line.startswith("#")]
    return await in_thread(lambda stop: plan_layers(root, select(root, rules), (), stop=stop))


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


def _check(image: str) -> None:
    """Raises DockerError: it is no reference of an image in a registry."""
    from chamber.core.errors import ConfigurationError
    from chamber.run.reference import Reference

    try:
        Reference.parse(image)
    except ConfigurationError as error:
        raise DockerError(error.message) from None


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
