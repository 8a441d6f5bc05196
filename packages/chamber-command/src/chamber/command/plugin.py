"""The plugin: what chamber.core loads, so it imports nothing heavy."""

from chamber.core.hooks import hookimpl

__all__ = ["chamber_hookspecs"]


@hookimpl
def chamber_hookspecs() -> type:
    """Commands and logins of other packages."""
    from chamber.command.hooks import CommandHooks

    return CommandHooks
