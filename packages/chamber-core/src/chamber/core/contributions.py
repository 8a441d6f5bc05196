"""What plugins contribute to calls: a token, headers, and somebody who listens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from chamber.core.errors import ChamberError, PluginError
from chamber.core.plugins import manager
from chamber.core.transport import Listener
from chamber.core.transport.exchange import Request
from chamber.core.wire import Answer

__all__ = ["listener", "token"]


def token(api_url: str) -> str | None:
    """The token that the first plugin has which has one."""
    found: str | None = _asked(manager().hook.chamber_token, api_url=api_url)
    return found


def listener() -> Listener | None:
    """Those who want to hear of requests and answers; None when there are none, so that they cost nothing."""
    hook = manager().hook
    listens = hook.chamber_request.get_hookimpls() or hook.chamber_response.get_hookimpls()
    return _Hooks() if listens else None


class _Hooks(Listener):
    """Tells the plugins. They see no credentials, and change no header that is there."""

    def request(self, request: Request) -> Mapping[str, str]:
        added: dict[str, str] = {}
        _asked(manager().hook.chamber_request, method=request.method, url=request.url, headers=added)
        present = {name.lower() for name in (*request.headers, "Authorization", "X-Organization-Id")}
        return {name: value for name, value in added.items() if name.lower() not in present}

    def response(self, answer: Answer) -> None:
        _asked(
            manager().hook.chamber_response,
            method=answer.method,
            url=answer.url,
            status=answer.status,
            headers=answer.headers,
            elapsed=answer.elapsed,
        )


def _asked(hook: Callable[..., Any], **arguments: Any) -> Any:
    try:
        return hook(**arguments)
    except ChamberError:
        raise
    except Exception as error:
        name = getattr(hook, "name", "hook")
        raise PluginError(
            f"A plugin failed in {name} ({type(error).__name__}: {error}): correct it, or deny it with CHAMBER_PLUGINS"
        ) from error
