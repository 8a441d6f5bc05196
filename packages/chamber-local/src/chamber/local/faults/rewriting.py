"""Answers that are changed before they are sent."""

from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web

from chamber.local.bodies import BODY
from chamber.local.workloads import Status

__all__ = ["cursor_repeated", "statuses_unknown"]

_CURSORS = frozenset({"next_token", "next_cursor", "nextCursor"})


def statuses_unknown(_request: web.Request, body: bytes) -> bytes | None:
    """The answer with every workload PAUSED, in its dialect's case; None where there is no workload."""
    return _changed(body, lambda key, value: _paused(value) if key == "status" else value)


def cursor_repeated(request: web.Request, body: bytes) -> bytes | None:
    """The answer with the cursor that it was asked with; None where it was asked with none."""
    asked = _asked(request)
    return _changed(body, lambda key, value: asked if key in _CURSORS else value) if asked else None


def _paused(value: Any) -> Any:
    if not isinstance(value, str) or value.upper() not in Status.__members__:
        return value
    return "PAUSED" if value.isupper() else "paused"


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
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
