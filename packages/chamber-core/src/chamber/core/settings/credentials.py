"""A token in a JSON object, when it expires, and a program that prints such an object."""

from __future__ import annotations

import json

from chamber.core.errors import AuthenticationError, ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path
    from subprocess import Popen
    from typing import Any

__all__ = ["expired", "printed_by", "token_in"]

#: Seconds that a program has for its answer.
_SECONDS = 30.0
#: Characters that are read of it.
_MOST = 1 << 16
#: Times from here on are in milliseconds.
_MILLISECONDS = 1e11


def token_in(content: Mapping[str, Any]) -> str | None:
    """What stands under `access_token` or `accessToken`; None: no text does."""
    token = content.get("access_token", content.get("accessToken"))
    return token if isinstance(token, str) else None


def expired(content: Mapping[str, Any]) -> datetime | None:
    """When the token expired, by `expires_at` or `expiresAt`; None: it did not, or nothing readable says when.

    A time is a text of ISO 8601, or a number of seconds or milliseconds since 1970.
    """
    said = content.get("expires_at", content.get("expiresAt"))
    if said is None:
        return None
    from datetime import UTC, datetime

    try:
        moment = datetime.fromisoformat(said) if isinstance(said, str) else datetime.fromtimestamp(_seconds(said), UTC)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        return None
    return moment if moment <= datetime.now(UTC) else None


def printed_by(command: object, file: Path) -> str:
    """The token that the `credential_process` of a file prints, as JSON with `access_token`.

    The command is a list of its words, or a text that is split as a shell would; no shell runs it.

    Raises ConfigurationError: it is neither, or did not answer in time.
    Raises AuthenticationError: it failed, or printed no token, or one that has expired.
    """
    words = _words(command, file)
    content = _object(_output(words, file), file)
    token, since = token_in(content), expired(content)
    if token is None:
        raise AuthenticationError(f"{_of(file)} printed no access_token: it prints a JSON object that has one")
    if since is not None:
        raise AuthenticationError(f"{_of(file)} printed a token that expired on {since:%Y-%m-%d %H:%M} UTC")
    return token


def _seconds(said: float) -> float:
    return said / 1000 if said >= _MILLISECONDS else said


def _words(command: object, file: Path) -> list[str]:
    import shlex

    try:
        words = shlex.split(command) if isinstance(command, str) else command
    except ValueError as error:
        raise ConfigurationError(f"{_of(file)} is no command: {error}") from None
    if not isinstance(words, list) or not words or not all(isinstance(word, str) and word for word in words):
        raise ConfigurationError(f"{_of(file)} is a command: a text, or a list of words")
    return words


def _output(words: list[str], file: Path) -> str:
    from subprocess import DEVNULL, PIPE, Popen

    try:
        with Popen(words, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, start_new_session=True) as process:
            said, complaints = _said(process, file)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigurationError(f"{_of(file)} ({words[0]}) cannot be run: {reason}") from None
    if process.returncode:
        from chamber.core.redaction import redacted

        why = redacted(complaints[-_MOST:].decode(errors="replace").strip())[-300:]
        raise AuthenticationError(f"{_of(file)} ({words[0]}) failed with exit code {process.returncode}: {why}")
    return said[:_MOST].decode(errors="replace")


def _said(process: Popen[bytes], file: Path) -> tuple[bytes, bytes]:
    """What a program prints; one that takes too long is ended with all that it started."""
    from subprocess import TimeoutExpired

    try:
        return process.communicate(timeout=_SECONDS)
    except TimeoutExpired:
        raise ConfigurationError(f"{_of(file)} did not answer within {_SECONDS:g} s") from None
    finally:
        _end(process)


def _end(process: Popen[bytes]) -> None:
    import contextlib
    import os
    import signal

    if process.poll() is None:
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL) if hasattr(os, "killpg") else process.kill()


def _object(output: str, file: Path) -> dict[str, Any]:
    try:
        content = json.loads(output)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise AuthenticationError(f"{_of(file)} printed no JSON object with an access_token")
    return content


def _of(file: Path) -> str:
    return f"The credential_process of {file}"
