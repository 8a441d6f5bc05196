"""One process of an engine: its output as it comes, and its end, whatever happens here."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

from msgspec import Struct

from chamber.core.errors import DockerError
from chamber.run.engines import descendants
from chamber.run.engines.output import Output

__all__ = ["Ending", "Say", "allowed", "answer", "run"]

#: Told each line of output.
Say = Callable[[str], Awaitable[None]]

_PIECE = 64 << 10
#: Seconds: between two looks at a process that should end, until it is told more plainly, and for cleaning up, which
#: waits for the locks of the engine's storage.
_LOOK = 0.02
_TO_TERMINATE = 0.5
_TO_CLEAN_UP = 15.0
_REMOVAL_SECONDS = 10.0
#: What an engine may see of the environment: where it finds its daemon, its settings and the network.
_PASSED_ON = re.compile(
    r"PATH|HOME|USER|LOGNAME|LANG|LC_.*|TZ|TMPDIR|TMP|TEMP|XDG_.*|DBUS_SESSION_BUS_ADDRESS|SSH_AUTH_SOCK|SSH_AGENT_PID"
    r"|DOCKER_.*|BUILDKIT_.*|BUILDX_.*|PODMAN_.*|BUILDAH_.*|CONTAINER_.*|CONTAINERS_.*|CONTAINERD_.*|NERDCTL_.*"
    r"|STORAGE_.*|REGISTRY_AUTH_FILE|(?i:https?_proxy|no_proxy|all_proxy)|SSL_CERT_.*"
    r"|SYSTEMROOT|SYSTEMDRIVE|USERPROFILE|APPDATA|LOCALAPPDATA|PROGRAMDATA|PROGRAMFILES|COMSPEC|PATHEXT"
)


class Ending(Struct, frozen=True, kw_only=True):
    """How a process is ended that did not end by itself."""

    #: Seconds within which it may start something, which is ended, so that it ends too; 0: it is ended at once.
    patience: float = 0.0
    #: A command for what it may have left, asked for when it has ended; None: nothing.
    removal: Callable[[], Sequence[str] | None] = lambda: None


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
    try:
        return await _followed(process, output, say, idle)
    except TimeoutError:
        await _ended(process, environment, ending)
        raise DockerError(
            f"{command[0]} gave no output for {idle:g} s and was stopped. Its last lines were:\n{output.tail}"
        ) from None
    except (Exception, asyncio.CancelledError):
        await _ended(process, environment, ending)
        raise


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


async def _ended(process: asyncio.subprocess.Process, environment: Mapping[str, str], ending: Ending) -> None:
    """End the process in a thread: that goes on when this is cancelled again, and the interpreter waits for it."""
    if process.returncode is not None:
        return
    loop, ended = asyncio.get_running_loop(), asyncio.Event()

    def work() -> None:
        _end(process.pid, environment, ending)
        with contextlib.suppress(RuntimeError):  # the loop may be closed by now
            loop.call_soon_threadsafe(ended.set)

    try:
        threading.Thread(target=work, name="chamber-ending").start()
    except RuntimeError:  # the interpreter is exiting
        work()
    await ended.wait()
    await process.wait()


def _end(pid: int, environment: Mapping[str, str], ending: Ending) -> None:
    """End a process, its group and what it started.

    Podman runs a container in a session of its own and leaves it alone when it is killed; when the container is
    killed first, podman takes away what belongs to it, and ends.
    """
    seen = descendants.outside_group(pid)
    if not (ending.patience and _ended_by_itself(pid, ending.patience)):
        _signal(pid, signal.SIGTERM)
        _wait(pid, _TO_TERMINATE)
        seen |= descendants.outside_group(pid)
        _signal(pid, getattr(signal, "SIGKILL", signal.SIGTERM))
    for child in seen:
        descendants.kill(child)
    if command := ending.removal():
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(command, env=environment, capture_output=True, check=False, timeout=_REMOVAL_SECONDS)


def _ended_by_itself(pid: int, patience: float) -> bool:
    """Whether the process ends in time while each that it starts is ended; after that it has longer to clean up."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        for child in descendants.outside_group(pid):
            descendants.kill(child)
            deadline = time.monotonic() + _TO_CLEAN_UP
        if _wait(pid, _LOOK):
            return True
    return False


def _wait(pid: int, seconds: float) -> bool:
    """Whether the process ends within that time; the event loop asks after it."""
    deadline = time.monotonic() + seconds
    while descendants.is_alive(pid) and time.monotonic() < deadline:
        time.sleep(_LOOK / 2)
    return not descendants.is_alive(pid)


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(pid, number)
        else:
            os.kill(pid, number)
