"""One process of an engine: its output as it comes, and its end, whatever happens here."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

from chamber.core.errors import DockerError
from chamber.run.engines import descendants
from chamber.run.engines.output import Output

__all__ = ["Say", "allowed", "answer", "run"]

#: Told each line of output.
Say = Callable[[str], Awaitable[None]]

_PIECE = 64 << 10
#: Seconds: between two looks at a process that should end, and until it is told more plainly.
_LOOK = 0.02
_TO_TERMINATE = 0.3
#: What an engine may see of the environment: where it finds its daemon, its settings and the network.
_PASSED_ON = re.compile(
    r"PATH|HOME|USER|LOGNAME|LANG|LC_.*|TZ|TMPDIR|TMP|TEMP|XDG_.*|DBUS_SESSION_BUS_ADDRESS|SSH_AUTH_SOCK|SSH_AGENT_PID"
    r"|DOCKER_.*|BUILDKIT_.*|BUILDX_.*|PODMAN_.*|BUILDAH_.*|CONTAINER_.*|CONTAINERS_.*|CONTAINERD_.*|NERDCTL_.*"
    r"|STORAGE_.*|REGISTRY_AUTH_FILE|(?i:https?_proxy|no_proxy|all_proxy)|SSL_CERT_.*"
    r"|SYSTEMROOT|SYSTEMDRIVE|USERPROFILE|APPDATA|LOCALAPPDATA|PROGRAMDATA|PROGRAMFILES|COMSPEC|PATHEXT"
)


async def run(
    command: Sequence[str], environment: Mapping[str, str], output: Output, say: Say, idle: float, patience: float = 0.0
) -> int:
    """The exit code of `command`, which sees `environment` alone; each line of `output` is said as it comes.

    `idle`: seconds that may pass without output. `patience`: seconds that the process has to end by itself once
    the containers that it started were ended. It leads a process group of its own, and when this is left in any
    way neither that group nor what it started is left.

    Raises DockerError: it could not be started, or gave no output for too long.
    """
    process = await _started(command, environment)
    try:
        return await _followed(process, output, say, idle)
    except TimeoutError:
        raise DockerError(
            f"{command[0]} gave no output for {idle:g} s and was stopped. Its last lines were:\n{output.tail}"
        ) from None
    finally:
        await _end(process, patience)


async def answer(command: Sequence[str], environment: Mapping[str, str], seconds: float) -> tuple[int, str]:
    """Exit code and the end of the output of a short command; 127 and why, when it cannot be run in that time."""
    output = Output()
    try:
        code = await run(command, environment, output, _nobody, seconds)
    except DockerError as error:
        return 127, error.message
    return code, output.tail


def allowed(environment: Mapping[str, str]) -> dict[str, str]:
    """The part of `environment` that an engine may see."""
    return {name: value for name, value in environment.items() if _PASSED_ON.fullmatch(name)}


async def _nobody(_line: str) -> None:
    """Tell nobody."""


async def _started(command: Sequence[str], environment: Mapping[str, str]) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
    except OSError as error:
        raise DockerError(f"{command[0]} cannot be started: {error.strerror}") from error


async def _followed(process: asyncio.subprocess.Process, output: Output, say: Say, idle: float) -> int:
    async for piece in _pieces(process, idle):
        for line in output.feed(piece, last=not piece):
            await say(line)
    return await asyncio.wait_for(process.wait(), idle)


async def _pieces(process: asyncio.subprocess.Process, idle: float) -> AsyncIterator[bytes]:
    """What the process writes, and an empty piece at the end."""
    assert process.stdout is not None
    piece = b"unread"
    while piece:
        piece = await asyncio.wait_for(process.stdout.read(_PIECE), idle)
        yield piece


async def _end(process: asyncio.subprocess.Process, patience: float) -> None:
    """End the process, its group and what it started.

    Podman runs a container in a session of its own and leaves it alone when it is killed; when the container is
    killed first, podman takes away what belongs to it, and ends.
    """
    if process.returncode is not None:
        return
    started = descendants.outside_group(process.pid)
    try:
        if patience:
            started |= await _without_children(process, patience)
        _signal(process, signal.SIGTERM)
        await _ended_within(process, _TO_TERMINATE)
    finally:
        started |= descendants.outside_group(process.pid)
        _signal(process, getattr(signal, "SIGKILL", signal.SIGTERM))
        for child in started:
            descendants.kill(child)
    await process.wait()


async def _without_children(process: asyncio.subprocess.Process, patience: float) -> set[descendants.Process]:
    """What the process had started, each ended; waits until it ended too, or its time is over."""
    seen: set[descendants.Process] = set()
    for _ in range(round(patience / _LOOK)):
        children = descendants.outside_group(process.pid)
        for child in children:
            descendants.kill(child)
        seen |= children
        if await _ended_within(process, _LOOK):
            break
    return seen


async def _ended_within(process: asyncio.subprocess.Process, seconds: float) -> bool:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), seconds)
    return process.returncode is not None


def _signal(process: asyncio.subprocess.Process, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, number)
        elif process.returncode is None:
            process.terminate()
