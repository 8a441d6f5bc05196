"""Answers that are changed before they are sent."""

from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web

from chamber.core.unreadable import UNREADABLE
from chamber.local.bodies import BODY
from chamber.local.workloads import Status

__all__ = ["cursor_repeated", "enums_unknown", "statuses_unknown"]

_CURSORS = frozenset({"next_token", "next_cursor", "nextCursor"})
#: What holds a word of a list that may grow.
_ENUMS = frozenset({"status", "scope"} | {"job_class", "scaling_mode", "distribution_mode", "data_quality"})


def statuses_unknown(_request: web.Request, body: bytes) -> bytes | None:
    """The answer with every workload PAUSED, in its dialect's case; None where there is no workload."""
    return _changed(body, lambda key, value: _paused(value) if key == "status" else value)


def enums_unknown(_request: web.Request, body: bytes) -> bytes | None:
    """The answer with every status, class, scope and mode UNHEARD_OF, in its case; None where there is none."""
    return _changed(body, lambda key, value: _unheard_of(value) if _snake(key) in _ENUMS else value)


def cursor_repeated(request: web.Request, body: bytes) -> bytes | None:
    """The answer with the cursor that it was asked with; None where it was asked with none."""
    asked = _asked(request)
    return _changed(body, lambda key, value: asked if key in _CURSORS else value) if asked else None


def _paused(value: Any) -> Any:
    if not isinstance(value, str) or value.upper() not in Status.__members__:
        return value
    return "PAUSED" if value.isupper() else "paused"


def _unheard_of(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return "UNHEARD_OF" if value.isupper() else "unheard_of"


def _snake(key: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in key)


def _asked(request: web.Request) -> str | None:
    if token := request.query.get("next_token"):
        return token
    asked = _parsed(request.get(BODY, b""))
    return asked.get("cursor") if isinstance(asked, dict) else None


def _changed(body: bytes, change: Callable[[str, Any], Any]) -> bytes | None:
    """A JSON text with its objects' values changed; None where nothing changes."""
    before = _parsed(body)
    after = _mapped(before, change)
    return msgspec.json.encode(after) if after != before else None


def _mapped(value: Any, change: Callable[[str, Any], Any]) -> Any:
    if isinstance(value, list):
        return [_mapped(item, change) for item in value]
    if isinstance(value, dict):
        return {key: change(key, _mapped(item, change)) for key, item in value.items()}
    return value


def _parsed(content: bytes) -> Any:
    try:
        return msgspec.json.decode(content)
    except UNREADABLE:
        return None
