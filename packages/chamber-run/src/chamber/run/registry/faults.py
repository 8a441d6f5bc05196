"""What a registry's refusals mean: which are worth another try, and what they say to a user."""

import re
from collections.abc import Callable

from msgspec import Struct, json

from chamber.core.errors import DockerError
from chamber.core.retry import RETRIED, Outcome, retry_after
from chamber.core.transport.exchange import Streamed
from chamber.core.unreadable import UNREADABLE
from chamber.run.errors import RegistryAuthError

__all__ = ["TransientError", "refusal"]

_LARGEST_ERROR = 64 << 10
_LONGEST_SAYING = 300
_AUTH = {401, 403}
_ADVICE = {
    404: "there is no such repository or image: check the name, or create the repository",
    413: "it is too large for this registry: leave files behind with `ignore`",
}


class TransientError(DockerError):
    """The registry failed in a way that may pass."""

    def __init__(self, message: str, outcome: Outcome) -> None:
        super().__init__(message, outcome.status)
        self.outcome = outcome


class _Entry(Struct):
    code: str = ""
    message: str = ""


class _Errors(Struct):
    """Distribution specification, "Error Codes"."""

    errors: list[_Entry] = []


async def refusal(host: str, doing: str, answer: Streamed, redact: Callable[[str], str]) -> DockerError:
    """The error for an answer of `host` that is not the one hoped for, when `doing` was tried."""
    said = redact(_saying(await _beginning(answer)))
    because = f": {said}" if said else ""
    if answer.status in _AUTH:
        return RegistryAuthError(host, f"{doing} is not allowed{because}")
    advice = f"; {_ADVICE[answer.status]}" if answer.status in _ADVICE else ""
    message = f"{host} answered {answer.status} to {doing}{because}{advice}"
    if answer.status in RETRIED:
        return TransientError(message, Outcome(answer.status, retry_after=retry_after(answer.headers)))
    return DockerError(message, answer.status)


async def _beginning(answer: Streamed) -> bytes:
    body = b""
    async for piece in answer.chunks():
        body += piece
        if len(body) >= _LARGEST_ERROR:
            break
    return body


def _saying(body: bytes) -> str:
    """What the body says, on one line of a bearable length; nothing where it is a web page."""
    try:
        entries = json.decode(body, type=_Errors).errors
        text = "; ".join(entry.message or entry.code for entry in entries)
    except UNREADABLE:
        text = "" if b"<" in body[:100] else body.decode(errors="replace")
    return re.sub(r"[\x00-\x1f\x7f\s]+", " ", text).strip()[:_LONGEST_SAYING]
