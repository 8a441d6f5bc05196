"""What a program that is called says, and how it ends."""

import asyncio
import contextlib
import os
import signal
import tempfile
from collections.abc import Mapping, Sequence

__all__ = ["answer", "last_line"]

_NOT_STARTED = 127


async def answer(
    command: Sequence[str], environment: Mapping[str, str] | None = None, *, ends: bool = True
) -> tuple[int, str]:
    """The exit code, and what was printed; also what else was said, when it is not 0.

    When this is cancelled, the program is killed; one that `ends` not is waited for. It prints into files: what it
    leaves running may keep a pipe open.
    """
    with tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as said:
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=printed,
                stderr=said,
                start_new_session=True,
            )
        except OSError as error:
            return _NOT_STARTED, str(error)
        code = await _ended(process, ends=ends)
        printed.seek(0)
        said.seek(0)
        text = said.read() + printed.read() if code else printed.read()
    return code, text.decode(errors="replace").strip()


async def _ended(process: asyncio.subprocess.Process, *, ends: bool) -> int:
    waiting = asyncio.create_task(process.wait())
    try:
        return await asyncio.shield(waiting)
    except asyncio.CancelledError:
        if ends:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        await waiting
        raise


def last_line(said: str) -> str:
    """The last line that says anything, without what every engine puts before it."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    told = [line for line in lines if not line.startswith(("See '", "Run '"))] or [""]
    line = next((line for line in reversed(told) if line.startswith("Error")), told[-1])
    return line.removeprefix("Error: ").removeprefix("Error response from daemon: ")
