"""One process of an engine: its output as it comes, and its end, whatever happens here."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence

from chamber.core.errors import DockerError
from chamber.run.engines.guard import Ending, Guard
from chamber.run.engines.output import Output

__all__ = ["Say", "allowed", "answer", "run"]

#: Told each line of output.
Say = Callable[[str], Awaitable[None]]

_PIECE = 64 << 10
#: Seconds.
_TO_CLOSE = 1.0
#: What an engine may see of the environment: where it finds its daemon, its settings and the network.
_PASSED_ON = re.compile(
    r"PATH|HOME|USER|LOGNAME|LANG|LC_.*|TZ|TMPDIR|TMP|TEMP|XDG_.*|DBUS_SESSION_BUS_ADDRESS|SSH_AUTH_SOCK|SSH_AGENT_PID"
    r"|DOCKER_.*|BUILDKIT_.*|BUILDX_.*|PODMAN_.*|BUILDAH_.*|CONTAINER_.*|CONTAINERS_.*|CONTAINERD_.*|NERDCTL_.*"
    r"|STORAGE_.*|REGISTRY_AUTH_FILE|(?i:https?_proxy|no_proxy|all_proxy)|SSL_CERT_.*"
    r"|SYSTEMROOT|SYSTEMDRIVE|USERPROFILE|APPDATA|LOCALAPPDATA|PROGRAMDATA|PROGRAMFILES|COMSPEC|PATHEXT"
)


async def run(
    command: Sequence[str],
    environment: Mapping[str, str],
    output: Output,
    say: Say,
    idle: float,
    ending: Ending = Ending(),  # noqa: B008 - frozen
) -> int:
    """The exit code of `command`, which sees `environment` alone; each line of `output` is said as it comes.

    `idle`: seconds that may pass without output. The process leads a group of its own; when this is left in any way,
    neither that group nor what it started is left.

    Raises DockerError: it could not be started, or gave no output for too long.
    """
    process = await _started(command, environment)
    guard = Guard(process.pid, environment, ending)
    guard.begin()
    try:
        code = await _followed(process, output, say, idle)
    except TimeoutError:
        await _without_fail(_ended(process, guard))
        raise DockerError(
            f"{command[0]} gave no output for {idle:g} s and was stopped. Its last lines were:\n{output.tail}"
        ) from None
    except (Exception, asyncio.CancelledError):
        await _without_fail(_ended(process, guard))
        raise
    except GeneratorExit:  # the loop is gone, so that nobody can wait
        guard.wake()
        raise
    guard.dismiss()
    return code


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


async def _without_fail(ending: Coroutine[None, None, None]) -> None:
    """Wait for it however often this is cancelled: the program could not end before the guard's thread either."""
    task = asyncio.ensure_future(ending)
    while not task.done():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.shield(task)


async def _ended(process: asyncio.subprocess.Process, guard: Guard) -> None:
    """Have the process ended, and its pipe closed, which it is at the end of what was written to it."""
    await guard.end()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(process.communicate(), _TO_CLOSE)
