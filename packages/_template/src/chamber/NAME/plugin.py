"""The plugin: what chamber.core loads, so it imports nothing heavy."""

from chamber.core.hooks import hookimpl
from chamber.core.operations import Operations


@hookimpl
def chamber_operations() -> type[Operations]:
    """Its operations become methods of both clients."""
    from chamber.NAME.operations import NAMEOperations

    return NAMEOperations
