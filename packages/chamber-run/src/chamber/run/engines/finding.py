"""Which engine there is: the one that CHAMBER_ENGINE names, else the first that answers."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping

from chamber.core.errors import ConfigurationError, DockerError
from chamber.run.engines.build import Kind
from chamber.run.engines.engine import Engine
from chamber.run.engines.process import allowed, answer

__all__ = ["IDLE_VARIABLE", "VARIABLE", "find"]

#: Names the engine: docker, podman or nerdctl.
VARIABLE = "CHAMBER_ENGINE"

#: Seconds that an engine may go without output, where a build or a push is slower than the usual ones.
IDLE_VARIABLE = "CHAMBER_ENGINE_IDLE"

_CLIENTS = ("docker", "podman", "nerdctl")
_ANSWER_SECONDS = 30.0
#: Ends well only where the client has reached what does the work. `docker info` ends well without a daemon.
_QUESTIONS = {
    "docker": ("version", "--format", "{{.Server.Version}}"),
    "podman": ("info", "--format", "{{.Version.Version}}"),
    "nerdctl": ("info", "--format", "{{.ServerVersion}}"),
}


async def find(
    preferred: str | None = None, *, secrets: bool = False, environment: Mapping[str, str] = os.environ
) -> Engine:
    """The engine `preferred`, else the one that CHAMBER_ENGINE names, else the first that answers: docker with a
    daemon, podman, nerdctl. With `secrets`, one that can mount secrets while it builds.

    Raises ConfigurationError: there is no engine of that name, or CHAMBER_ENGINE_IDLE is no number of seconds.
    Raises DockerError: none answers; the message says what each one said, and what to install or start.
    """
    wanted = preferred or environment.get(VARIABLE) or None
    if wanted is not None and wanted not in _CLIENTS:
        raise ConfigurationError(f"{VARIABLE} is {wanted!r}: it names one of {', '.join(_CLIENTS)}")
    idle = _idle(environment)
    lacks: list[str] = []
    for client in _CLIENTS if wanted is None else (wanted,):
        found = await _asked(client, allowed(environment), secrets, idle)
        if isinstance(found, Engine):
            return found
        lacks.append(f"{client}: {found}")
    raise DockerError(
        f"No container engine can do it ({'; '.join(lacks)}). Install docker or podman and start it "
        f"(`sudo systemctl start docker`, `podman machine start`); {VARIABLE} names the one to use"
    )


def _idle(environment: Mapping[str, str]) -> dict[str, float]:
    """What is asked for in the place of an engine's own patience."""
    written = environment.get(IDLE_VARIABLE)
    if not written:
        return {}
    if not written.isdecimal() or not int(written):
        raise ConfigurationError(f"{IDLE_VARIABLE} is {written!r}: it holds seconds, a whole number above 0")
    return {"build_idle": float(written), "push_idle": float(written)}


async def _asked(client: str, environment: Mapping[str, str], secrets: bool, idle: Mapping[str, float]) -> Engine | str:
    """The engine behind `client`, or why it is none."""
    command = await asyncio.to_thread(_command, client)  # what it imports takes a while
    if command is None:
        return "not installed"
    code, said = await answer([*command, *_QUESTIONS[client]], environment, _ANSWER_SECONDS)
    if code or not said:
        return said or "it does not answer"
    kind = await _kind(client, command, environment)
    if kind == "docker" and secrets:
        return "it has no buildx plugin, without which it cannot mount build secrets"
    return Engine(kind=kind, client=command, **idle)


def _command(client: str) -> tuple[str, ...] | None:
    """The beginning of the client's command lines; None: it is not installed."""
    from python_on_whales import ClientNotFoundError, DockerClient

    try:
        made = DockerClient(client_call=[client], client_type=client)  # type: ignore[arg-type]
        return tuple(map(str, made.client_config.docker_cmd))
    except ClientNotFoundError:
        return None


async def _kind(client: str, command: tuple[str, ...], environment: Mapping[str, str]) -> Kind:
    if client == "podman":
        return "podman"
    if client == "nerdctl":
        return "nerdctl"
    if environment.get("DOCKER_BUILDKIT") == "0":
        return "docker"
    code, _ = await answer([*command, "buildx", "version"], environment, _ANSWER_SECONDS)
    return "docker" if code else "buildx"
