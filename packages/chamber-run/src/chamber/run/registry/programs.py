"""Other people's programs, asked one question: without a shell, with little of the environment, and not for ever."""

import asyncio
import contextlib
import os
import re
import signal
from collections.abc import Mapping, Sequence

from chamber.core.errors import ConfigurationError

__all__ = ["ask", "token_in"]

_SECONDS = 20.0
_LARGEST_OUTPUT = 1 << 20
_PIECE = 64 << 10
#: Seconds until what a program left in its pipes is read, so that it can be told to be over.
_LAST_SECONDS = 1.0
_NOT_FOUND = 127
#: What goes into a header, and no more of it than any registry takes there.
_TOKEN = re.compile(rb"[\x21-\x7e]{1,65536}")
#: What a program that knows logins may see of the environment.
_PASSED_ON = re.compile(
    r"PATH|HOME|USER|LOGNAME|LANG|LC_.*|TMPDIR|DISPLAY|DBUS_.*|XDG_.*|GNUPGHOME|GPG_TTY|PASSWORD_STORE_DIR"
    r"|DOCKER_CONFIG|AWS_.*|AZURE_.*|GOOGLE_.*|CLOUDSDK_.*|(?i:https?_proxy|no_proxy)|SSL_CERT_.*|SYSTEMROOT"
)


async def ask(
    command: Sequence[str],
    question: bytes = b"",
    environment: Mapping[str, str] = os.environ,
    *,
    added: Mapping[str, str] | None = None,
    seconds: float | None = None,
) -> tuple[int, bytes, bytes]:
    """Exit code, output and complaints of `command`, which reads `question`; code 127: it is not installed.

    It runs in a process group of its own, which is ended after `seconds`. `added`: variables for it alone.

    Raises ConfigurationError: it did not answer in time.
    """
    seconds = _SECONDS if seconds is None else seconds
    passed_on = {name: value for name, value in environment.items() if _PASSED_ON.fullmatch(name)}
    try:
        process = await _started(command, {**passed_on, **(added or {})})
    except OSError:
        return _NOT_FOUND, b"", b""
    try:
        return await asyncio.wait_for(_conversation(process, question), seconds)
    except BaseException as error:
        await _end(process)
        if isinstance(error, TimeoutError):
            raise ConfigurationError(f"{command[0]} did not answer within {seconds:g} s") from None
        raise


def token_in(output: bytes) -> str:
    """The token that a program printed; empty where it printed something else, such as a page or a question."""
    token = output.strip()
    return token.decode() if _TOKEN.fullmatch(token) else ""


async def _started(command: Sequence[str], environment: Mapping[str, str]) -> asyncio.subprocess.Process:
    """The process, which a cancellation does not meet half started: asyncio would then wait for its pipes for ever."""
    starting = asyncio.ensure_future(
        asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment,
            start_new_session=True,
        )
    )
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        with contextlib.suppress(OSError):
            await _end(await starting)
        raise


async def _conversation(process: asyncio.subprocess.Process, question: bytes) -> tuple[int, bytes, bytes]:
    assert process.stdin is not None
    with contextlib.suppress(ConnectionError):
        process.stdin.write(question)
        await process.stdin.drain()
        process.stdin.close()
    return await _answer(process)


async def _answer(process: asyncio.subprocess.Process) -> tuple[int, bytes, bytes]:
    assert process.stdout is not None
    assert process.stderr is not None
    output, complaints = await asyncio.gather(_read(process.stdout), _read(process.stderr))
    return await process.wait(), output, complaints


async def _read(stream: asyncio.StreamReader) -> bytes:
    """All that comes, of which what is too much is forgotten."""
    read = bytearray()
    while piece := await stream.read(_PIECE):
        read += piece[: _LARGEST_OUTPUT - len(read)]
    return bytes(read)


async def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(_answer(process), _LAST_SECONDS)
