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
    from chamber.core.operations import Operations

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
