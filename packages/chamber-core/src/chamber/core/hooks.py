"""The hook specifications of chamber.core, and nothing else.

A plugin is a module with functions marked by `hookimpl`, named by an entry point of the group ``chamber``::

    [project.entry-points.chamber]
    quota = "acme_quota.plugin"

Hooks are called when the client first lacks a name, never at import.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chamber.core.models import Explanation, Workload
    from chamber.core.operations import Operations
    from chamber.core.output import LogSource

__all__ = ["PROJECT", "Hooks", "hookimpl", "hookspec"]

PROJECT = "chamber"

#: Marks a function as a hook specification.
hookspec: pluggy.HookspecMarker = pluggy.HookspecMarker(PROJECT)
#: Marks a function as an implementation of a hook.
hookimpl: pluggy.HookimplMarker = pluggy.HookimplMarker(PROJECT)


class Hooks:
    """What a plugin can do for chamber.core."""

    @hookspec
    def chamber_operations(self) -> type[Operations]:
        """The class whose public attributes become methods of both clients.

        ::

            @hookimpl
            def chamber_operations() -> type[Operations]:
                from acme_quota.operations import QuotaOperations

                return QuotaOperations
        """
        raise AssertionError("a specification is never called")

    @hookspec
    def chamber_hookspecs(self) -> type:
        """A class of further hook specifications, for packages that are themselves extensible.

        ::

            @hookimpl
            def chamber_hookspecs() -> type:
                from acme_quota.hooks import QuotaHooks

                return QuotaHooks
        """
        raise AssertionError("a specification is never called")

    @hookspec(firstresult=True)
    def chamber_token(self, api_url: str) -> str | None:
        """A token for the API at `api_url`, asked for when no argument, variable or file has one.

        Asked again when the API refuses the token; the call is then repeated once if another one comes.

        ::

            @hookimpl
            def chamber_token(api_url: str) -> str | None:
                return vault.read("chamber") if api_url.endswith(".acme.example/v1") else None
        """
        raise AssertionError("a specification is never called")

    @hookspec
    def chamber_request(self, method: str, url: str, headers: dict[str, str]) -> None:
        """Observe a request before each attempt, or put headers of one's own into `headers`.

        The token is not among them, and no header that is there already can be changed.

        ::

            @hookimpl
            def chamber_request(method: str, url: str, headers: dict[str, str]) -> None:
                headers["X-Acme-Cost-Centre"] = "4711"
        """
        raise AssertionError("a specification is never called")

    @hookspec
    def chamber_response(self, method: str, url: str, status: int, headers: Mapping[str, str], elapsed: float) -> None:
        """Observe an answer; `elapsed` is in seconds since the call began.

        ::

            @hookimpl
            def chamber_response(
                method: str, url: str, status: int, headers: Mapping[str, str], elapsed: float
            ) -> None:
                latency.observe(elapsed)
        """
        raise AssertionError("a specification is never called")

    @hookspec(firstresult=True)
    def chamber_log_source(self, workload: Workload, api_url: str) -> LogSource | None:
        """Where the output of a workload is read, where the plugin knows a place for it.

        Asked before the API itself and before Kubernetes. See `chamber.core.output.LogSource`.

        ::

            @hookimpl
            def chamber_log_source(workload: Workload, api_url: str) -> LogSource | None:
                return LokiOutput(workload.id) if workload.cluster_id == "acme-1" else None
        """
        raise AssertionError("a specification is never called")

    @hookspec(firstresult=True)
    def chamber_explain(self, workload: Workload, lines: Sequence[str]) -> Explanation | None:
        """Why a workload is in its state, where the plugin knows better than `explain()`.

        `lines` are the last ones that it printed, where it failed or runs and they were to be had.

        ::

            @hookimpl
            def chamber_explain(workload: Workload, lines: Sequence[str]) -> Explanation | None:
                if not any("ACME licence" in line for line in lines):
                    return None
                step = "Free one on licences.acme.example"
                return Explanation(workload.id, workload.status, Reason("LICENCE"), "no licence was free", step)
        """
        raise AssertionError("a specification is never called")
