"""What a program that is called says, and how it ends."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence

__all__ = ["answer", "last_line"]

_NOT_STARTED = 127


async def answer(
    command: Sequence[str], environment: Mapping[str, str] | None = None, *, ends: bool = True
) -> tuple[int, str]:
    """The exit code, and what was printed without what else was said when it is 0.

    When this is cancelled, the program is killed; one that `ends` not is waited for.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        return _NOT_STARTED, str(error)
    try:
        talking = asyncio.create_task(process.communicate())
        printed, said = await asyncio.shield(talking)
    except asyncio.CancelledError:
        with contextlib.suppress(ProcessLookupError):
            if ends:
                os.killpg(process.pid, signal.SIGKILL)
        await talking
        raise
    code = process.returncode or 0
    return code, (said + printed if code else printed).decode(errors="replace").strip()


def last_line(said: str) -> str:
    """The last line that says anything, without what every engine puts before it."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    told = [line for line in lines if not line.startswith(("See '", "Run '"))] or [""]
    line = next((line for line in reversed(told) if line.startswith("Error")), told[-1])
    return line.removeprefix("Error: ").removeprefix("Error response from daemon: ")
