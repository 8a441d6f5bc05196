"""The command lines of each engine: pure functions.

docker: https://docs.docker.com/reference/cli/docker/buildx/build/ and .../image/build/;
podman: https://docs.podman.io/en/latest/markdown/podman-build.1.html;
nerdctl: https://github.com/containerd/nerdctl/blob/main/docs/command-reference.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from chamber.core.errors import ConfigurationError, DockerError
from chamber.core.loopback import is_loopback
from chamber.run.engines.build import Build, Kind, bases_of, host_of

__all__ = ["build", "is_plain", "push", "pushes_itself"]


def build(kind: Kind, client: Sequence[str], asked: Build, folder: Path, plain: frozenset[str]) -> list[str]:
    """The command that builds what lies in `folder`: ``Dockerfile``, ``context/`` and ``secrets/<id>``.

    `plain`: the hosts, beside this machine's own, that are spoken to without TLS.

    Raises ConfigurationError: a value could be taken for an option.
    Raises DockerError: the engine cannot mount the secrets of the build.
    """
    if asked.secrets and kind == "docker":
        raise DockerError(
            f"docker without buildx cannot mount the build secrets {', '.join(sorted(asked.secrets))}: "
            "install the buildx plugin of docker, or podman, and name it by CHAMBER_ENGINE"
        )
    values = {"tag": asked.tag, "platform": asked.platform, **{f"secret {name}": name for name in asked.secrets}}
    _check(values if asked.cache is None else {**values, "cache": asked.cache})
    return [
        *client,
        *(("buildx", "build") if kind == "buildx" else ("build",)),
        *_options(kind, asked, plain),
        *(f"--secret=id={name},src={folder / 'secrets' / name}" for name in sorted(asked.secrets)),
        f"--platform={asked.platform}",
        f"--tag={asked.tag}",
        f"--file={folder / 'Dockerfile'}",
        "--",
        str(folder / "context"),
    ]


def push(kind: Kind, client: Sequence[str], reference: str, plain: frozenset[str]) -> list[str]:
    """The command that pushes what was built. Raises ConfigurationError: `reference` could be taken for an option."""
    _check({"tag": reference})
    without_tls = is_plain(host_of(reference), plain)
    if kind == "nerdctl":
        return [*client, *(["--insecure-registry"] if without_tls else []), "push", "--", reference]
    options = ["--tls-verify=false"] if kind == "podman" and without_tls else []
    return [*client, "push", *options, "--", reference]


def pushes_itself(kind: Kind) -> bool:
    """Whether the command that builds also pushes."""
    return kind == "buildx"


def is_plain(host: str, plain: frozenset[str]) -> bool:
    """Whether a registry is spoken to without TLS."""
    return is_loopback(host) or host.lower() in plain


def _options(kind: Kind, asked: Build, plain: frozenset[str]) -> Iterator[str]:
    bases = bases_of(asked.dockerfile)
    if asked.no_cache:
        yield "--no-cache"
        if all(not base.startswith("localhost/") for base in bases):  # by convention that is nowhere but here
            yield "--pull=always" if kind == "podman" else "--pull"
    if kind in {"docker", "podman"}:
        yield "--force-rm"
    if kind == "podman":
        yield "--format=docker"  # which keeps SHELL and HEALTHCHECK, and which every registry takes
        if bases and all(is_plain(host_of(base), plain) for base in bases):
            yield "--tls-verify=false"
    if kind in {"buildx", "nerdctl"}:
        yield "--progress=plain"
    if kind == "buildx":
        yield "--push"
        yield from _cache(asked)


def _cache(asked: Build) -> Iterator[str]:
    """An inline cache under a moving tag: the one kind that every builder of buildx can write and read."""
    if asked.cache is not None:
        yield f"--tag={asked.cache}"
        yield "--cache-to=type=inline"
        if not asked.no_cache:
            yield f"--cache-from=type=registry,ref={asked.cache}"


def _check(values: Mapping[str, str]) -> None:
    for what, value in values.items():
        if not value or value.startswith("-") or not value.isprintable() or any(mark in value for mark in " ,="):
            raise ConfigurationError(f"{value!r} is no {what} that a container engine could be given")
