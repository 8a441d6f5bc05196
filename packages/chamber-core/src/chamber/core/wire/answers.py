"""What came back from the API, before it is understood."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from chamber.core.errors import UnexpectedResponseError
from chamber.core.unreadable import UNREADABLE
from chamber.core.wire.counting import hides_none, members

__all__ = ["Answer", "not_understood", "parse"]

_SHOWN = 200


class Answer(msgspec.Struct, frozen=True):
    """One answer of the API and the call that it answers."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    method: str
    url: str
    #: The X-Request-Id of the request that it answers.
    request_id: str | None = None
    attempts: int = 1
    #: Seconds from the start of the call, retries included.
    elapsed: float = 0.0
    #: Whether it was not tried again because the client's budget of retries is spent.
    budget_exhausted: bool = False

    @property
    def facts(self) -> dict[str, Any]:
        """What an error about this answer carries of it."""
        return {
            "request_id": self.headers.get("X-Request-Id") or self.request_id,
            "method": self.method,
            "url": self.url,
            "attempts": self.attempts,
            "elapsed": self.elapsed,
        }


def parse(answer: Answer) -> Any:
    """The JSON value of an answer.

    Raises UnexpectedResponseError: the body is empty, is not JSON, is nested too deeply, or has an object that
    names a key twice, so that readers differ on what it says (RFC 8259, section 4).
    """
    try:
        value = msgspec.json.decode(answer.body)
        again = msgspec.json.encode(value)
        if again != answer.body and not (hides_none(answer.body) and members(answer.body) == members(again)):
            _twice_named.decode(answer.body.decode())
    except UNREADABLE:
        raise not_understood(answer, "which is not JSON") from None
    except _NamedTwice as key:
        raise not_understood(answer, f"which names {key} twice in one object") from None
    return value


def not_understood(answer: Answer, why: str) -> UnexpectedResponseError:
    """The error for an answer that looks like a success and cannot be read as one."""
    kind = answer.headers.get("Content-Type", "no content type")
    return UnexpectedResponseError(
        f"The API answered {answer.status} with {_shown(answer.body)} ({kind}), {why}. "
        "Check that api_url is the URL of a Chamber API and that no proxy answers in its place",
        answer.status,
        **answer.facts,
    )


class _NamedTwice(Exception):
    """The key that one object has more than once."""


def _check_keys(pairs: list[tuple[str, Any]]) -> None:
    keys = [key for key, _ in pairs]
    if len(set(keys)) < len(keys):
        raise _NamedTwice(next(key for key in keys if keys.count(key) > 1))


#: Keeps nothing of what it reads: it only looks at the keys.
_twice_named = json.JSONDecoder(object_pairs_hook=_check_keys, parse_int=len, parse_float=len)


def _shown(body: bytes) -> str:
    if not body.strip():
        return "an empty body"
    text = " ".join(body[: 4 * _SHOWN].decode("utf-8", "replace").split())
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}...")
