"""What chamber-run brings to chamber-core: `run()`, `plan()`, the registries, and hooks of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chamber.core.hooks import hookimpl

if TYPE_CHECKING:
    from chamber.core.operations import Operations

__all__ = ["chamber_hookspecs", "chamber_operations"]


@hookimpl
def chamber_operations() -> type[Operations]:
    """The methods of both clients."""
    from chamber.run.operations import RunOperations

    return RunOperations


@hookimpl
def chamber_hookspecs() -> type:
    """The hooks that `run()` and `plan()` call."""
    from chamber.run.hooks import RunHooks

    return RunHooks
