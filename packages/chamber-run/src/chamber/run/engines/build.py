"""What an engine is asked to build, as values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from msgspec import Struct

from chamber.core.redaction import Secret
from chamber.run.images.layers import ProjectLayers

__all__ = ["Build", "Kind", "bases_of", "host_of"]

#: ``docker`` is docker without buildx: its classic builder mounts neither secrets nor caches.
Kind = Literal["docker", "buildx", "podman", "nerdctl"]

_DOCKER_HUB = "docker.io"


class Build(Struct, frozen=True, kw_only=True):
    """An image to be made and pushed."""

    #: ``host[:port]/path:tag``, where it is pushed to.
    tag: str
    dockerfile: str
    #: What the Dockerfile copies from: files by path, or a project.
    context: Mapping[str, bytes] | ProjectLayers
    #: ``os/architecture``.
    platform: str = "linux/amd64"
    #: Mounted while it builds, by id; in no layer, argument or variable.
    secrets: Mapping[str, Secret] = {}
    #: Build every step anew, on a base that is looked for anew.
    no_cache: bool = False
    #: A moving tag of an image whose steps may be used again, and which this one replaces; for buildx.
    cache: str | None = None

    @property
    def hosts(self) -> frozenset[str]:
        """The registries that are pulled from and pushed to."""
        return frozenset(host_of(image) for image in (self.tag, *bases_of(self.dockerfile)))


def bases_of(dockerfile: str) -> tuple[str, ...]:
    """The images that a Dockerfile pulls, as far as it names them without variables."""
    lines = [words for words in map(str.split, dockerfile.splitlines()) if words]
    stages = {"scratch", *(words[-1].lower() for words in lines if _is_stage(words))}
    named = dict.fromkeys(image for words in lines for image in _named_in(words))
    return tuple(image for image in named if not (image.lower() in stages or "$" in image or image.isdigit()))


def host_of(image: str) -> str:
    """The registry of an image as engines read its name: without a host it is Docker Hub."""
    first, slash, _ = image.partition("/")
    return first if slash and (first == "localhost" or "." in first or ":" in first) else _DOCKER_HUB


def _is_stage(words: list[str]) -> bool:
    return words[0].upper() == "FROM" and [word.upper() for word in words[-2:-1]] == ["AS"]


def _named_in(words: list[str]) -> Iterator[str]:
    if words[0].upper() == "FROM":
        yield from [word for word in words[1:] if not word.startswith("--")][:1]
    if words[0].upper() == "COPY":
        yield from (word.removeprefix("--from=") for word in words[1:] if word.startswith("--from="))
