"""What the last lines of a failed engine mean, and what to do then: one table."""

from __future__ import annotations

from chamber.core.errors import DockerError
from chamber.run.engines.build import host_of
from chamber.run.errors import RegistryAuthError

__all__ = ["failure"]

#: Words of an engine, and what to do. The first that is found is told.
_ADVICE = (
    (
        "server gave HTTP response to HTTPS client",
        "the engine wants TLS from that registry: name the registry under 'insecure-registries' in the docker "
        "daemon's daemon.json and restart the daemon, or give the registry a certificate",
    ),
    ("no space left on device", "the engine's disk is full: make room, for example with `docker system prune`"),
    ("Cannot connect to the Docker daemon", "start the docker daemon, or name another engine by CHAMBER_ENGINE"),
    ("toomanyrequests", "a registry limits how often you may pull: log in there, or use a mirrored base_image"),
    (
        "exec format error",
        "this machine cannot run what is made for that platform: build on one that can, or set platform",
    ),
)
#: How engines say that a registry refused the login.
_REFUSED = (
    "unauthorized",
    "authentication required",
    "no basic auth credentials",
    "requested access to the resource is denied",
    "denied:",
    "403 Forbidden",
    "401 Unauthorized",
)


def failure(engine: str, doing: str, code: int, tail: str) -> DockerError:
    """The error for an engine that ended with `code` when it was to do `doing`, ``push host/name:tag`` for example."""
    what, _, image = doing.partition(" ")
    said = f"The last lines it wrote:\n{tail}" if tail else "It wrote nothing."
    last = tail[-2_000:]
    if what == "push" and any(word in last for word in _REFUSED):
        host = host_of(image)
        return RegistryAuthError(
            host, f"{engine} may not push {image}: run `docker login {host}`, or ask for access. {said}"
        )
    advice = next((f"; {advice}" for word, advice in _ADVICE if word in last), "")
    return DockerError(f"{engine} could not {doing} (exit code {code}){advice}. {said}")
