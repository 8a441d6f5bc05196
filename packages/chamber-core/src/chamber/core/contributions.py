"""What plugins contribute to calls: a token, headers, somebody who listens, and sources of output."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from chamber.core.errors import ChamberError, PluginError
from chamber.core.plugins import manager
from chamber.core.transport import Listener
from chamber.core.transport.exchange import Request
from chamber.core.wire import Answer

if TYPE_CHECKING:
    from chamber.core.models import Explanation, Workload
    from chamber.core.output import LogSource

__all__ = ["explanation", "listener", "log_source", "token"]


def token(api_url: str) -> str | None:
    """The token that the first plugin has which has one."""
    found: str | None = _asked(manager().hook.chamber_token, api_url=api_url)
    return found


def listener() -> Listener | None:
    """Those who want to hear of requests and answers; None when there are none, so that they cost nothing."""
    hook = manager().hook
    listens = hook.chamber_request.get_hookimpls() or hook.chamber_response.get_hookimpls()
    return _Hooks() if listens else None


def log_source(workload: Workload, api_url: str) -> LogSource | None:
    """Where the output of a workload is, if a plugin knows."""
    found: LogSource | None = _asked(manager().hook.chamber_log_source, workload=workload, api_url=api_url)
    return found


def explanation(workload: Workload, lines: Sequence[str]) -> Explanation | None:
    """Why a workload is in its state, if a plugin knows."""
    found: Explanation | None = _asked(manager().hook.chamber_explain, workload=workload, lines=lines)
    return found


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
