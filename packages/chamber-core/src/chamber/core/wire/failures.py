"""Answer that is not a success → error of our family."""

from __future__ import annotations

from typing import Any

import msgspec

from chamber.core.errors import RedirectRefused, ResponseError, for_status
from chamber.core.unreadable import UNREADABLE
from chamber.core.wire.answers import Answer

__all__ = ["failure"]

_ADVICE = {
    400: "correct the request",
    401: "check the token: it may be expired, revoked or meant for another API",
    403: "ask an administrator of the organisation for the role, or pass organization_id",
    404: "check the id, and that this token may see it",
    409: "look at its present state and decide again",
    422: "correct the request",
    429: "slow down, or call again later",
}


def failure(answer: Answer) -> ResponseError:
    """The error that an answer with a status of 300 or more stands for."""
    code, message, details, request_id = _told(answer)
    kind = for_status(answer.status)
    error = kind(_sentence(answer, kind, message), answer.status, code=code, details=details, **answer.facts)
    error.request_id = request_id or error.request_id
    error.retry_budget_exhausted = answer.budget_exhausted
    return error


def _sentence(answer: Answer, kind: type[ResponseError], message: str | None) -> str:
    if kind is RedirectRefused:
        return f"The API answered {answer.status}, a redirect, which is never followed: correct api_url"
    said = f": {message}" if message else ""
    advice = _ADVICE.get(answer.status) or ("call again later" if answer.status >= 500 else "")
    return f"The API answered {answer.status}{said}{'; ' if advice else ''}{advice}"


def _told(answer: Answer) -> tuple[str | None, str | None, tuple[Any, ...], str | None]:
    """What the body says: code, message, details, request id; each None or empty where it says nothing."""
    try:
        body = msgspec.json.decode(answer.body)
    except UNREADABLE:
        return None, None, (), None
    if isinstance(body, list):
        return None, _text(next(iter(body), None)), tuple(body), None
    if not isinstance(body, dict):
        return None, _text(body), (), None
    error = body.get("error")
    source = {**body, **error} if isinstance(error, dict) else body
    return (
        _text(source.get("code")),
        _first_text(source.get("message"), source.get("detail"), error),
        _details(source.get("details"), source.get("errors"), source.get("detail"), source.get("message")),
        _text(source.get("request_id", source.get("requestId"))),
    )


def _first_text(*values: object) -> str | None:
    return next((text for value in values if (text := _text(value))), None)


def _details(own: object, *others: object) -> tuple[Any, ...]:
    """What is said in particular: under its own name in any form, elsewhere as a list or an object."""
    found = own or next((other for other in others if other and isinstance(other, list | dict)), ())
    return tuple(found) if isinstance(found, list | tuple) else (found,)


def _text(value: object) -> str | None:
    return value[:2000] if isinstance(value, str) and value else None
