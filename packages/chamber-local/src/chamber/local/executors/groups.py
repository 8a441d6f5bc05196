"""A process and everything it starts, as one group."""

import asyncio
import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec
import psutil

from chamber.local.executors.output import Stream
from chamber.local.executors.pump import Pump
from chamber.local.executors.refusal import Refused

__all__ = ["Exit", "ProcessGroup"]

#: The exit code of a process whose own was taken by somebody else.
_LOST = 255


class Exit(msgspec.Struct, frozen=True):
    """How a process ended: its code (negative: the signal that killed it) and the CPU time of its whole family."""

    code: int
    cpu_seconds: float


class ProcessGroup:
    """A running process that leads a session of its own. Made in the loop that waits for it.

    It prints into `stream`, and reads `told`.
    """

    def __init__(
        self, command: Sequence[str], cwd: Path, env: Mapping[str, str], stream: Stream, told: bytes = b""
    ) -> None:
        self._pump, self._told = Pump(stream), told
        #: When it was started, on the monotonic clock.
        self.started: float = time.monotonic()
        try:
            self._process = _start(command, cwd, env, self._pump.writing, reads=bool(told))
        except Refused:
            self._pump.abandon()
            raise
        self._pump.start()
        self.pid: int = self._process.pid
        self._loop = asyncio.get_running_loop()
        self._exit: asyncio.Future[Exit] = self._loop.create_future()
        threading.Thread(target=self._reap, name=f"chamber-local-wait-{self.pid}", daemon=True).start()

    @property
    def ended(self) -> bool:
        """True when the leader is gone."""
        return self._exit.done()

    async def wait(self) -> Exit:
        """Waits for the leader; whatever it left running in its group is killed."""
        return await asyncio.shield(self._exit)

    async def stop(self, grace: float) -> None:
        """TERM to the group, KILL after `grace` seconds, also to what made itself a group; returns when it is gone."""
        if self._exit.done():
            return
        family = _descendants(self.pid)
        self._signal(signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace):
                await self.wait()
        self._signal(signal.SIGKILL)
        _kill(family)
        await self.wait()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def _reap(self) -> None:
        self._tell()
        ended = _wait(self.pid)
        self._process.returncode = ended.code
        self._signal(signal.SIGKILL)
        self._pump.finish()
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._set, ended)

    def _tell(self) -> None:
        if self._process.stdin is not None:
            with contextlib.suppress(OSError), self._process.stdin as pipe:  # it may have ended
                pipe.write(self._told)

    def _set(self, ended: Exit) -> None:
        if not self._exit.done():
            self._exit.set_result(ended)


def _descendants(pid: int) -> list[psutil.Process]:
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).children(recursive=True)
    return []


def _kill(processes: Iterable[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.kill()


def _start(
    command: Sequence[str], cwd: Path, env: Mapping[str, str], output: int, *, reads: bool
) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(
            command,
            cwd=cwd,
            env=env,
            stdin=subprocess.PIPE if reads else subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise Refused(f"the command {command[0]!r} cannot be started: {error}") from error


def _wait(pid: int) -> Exit:
    try:
        _, status, usage = os.wait4(pid, 0)
    except ChildProcessError:  # the process that embeds this Chamber waits for children that are not its own
        return Exit(_LOST, 0.0)
    return Exit(os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime)
