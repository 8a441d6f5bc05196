"""What chamber-metrics brings to the clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chamber.core.hooks import hookimpl

if TYPE_CHECKING:
    from chamber.core.operations import Operations

__all__ = ["chamber_operations"]


@hookimpl
def chamber_operations() -> type[Operations]:
    """The methods on metrics and statistics."""
    from chamber.metrics.operations import MetricsOperations

    return MetricsOperations
