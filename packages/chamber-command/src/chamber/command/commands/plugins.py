"""``chamber plugins``: what else is installed."""

from __future__ import annotations

from chamber.command.options import command
from chamber.command.output.columns import PLUGINS
from chamber.command.session import Session, pass_session

__all__ = ["plugins"]


@command("plugins", "chamber plugins", "chamber plugins -o json")
@pass_session
def plugins(session: Session) -> None:
    """List the installed plugins."""
    from chamber.core.plugins import installed, manager

    manager()
    session.show_all(installed(), PLUGINS, "No plugin is installed")
