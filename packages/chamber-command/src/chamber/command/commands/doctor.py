"""``chamber doctor``: whether a run can work here."""

from __future__ import annotations

import click

from chamber.command.failures import UNEXPECTED
from chamber.command.options import command
from chamber.command.session import Session, pass_session
from chamber.command.typed import advised

__all__ = ["doctor"]


@command("doctor", "chamber doctor", "chamber doctor --registry prod", "chamber doctor -o json")
@click.option("--registry", metavar="NAME|HOST/PATH", help="Look at this one; the default.")
@pass_session
def doctor(session: Session, registry: str | None) -> None:
    """Look whether all that a run needs is there."""
    from msgspec.structs import replace

    with session.anyone() as client:
        found = client.doctor(registry)
    checks = tuple(replace(check, remedy=check.remedy and advised(check.remedy)) for check in found.checks)
    found = replace(found, checks=checks)
    if session.format == "table" and session.is_terminal:
        from rich.console import Console

        Console().print(found)
    else:
        session.show_all(found.checks)
    if not found.ok:
        click.get_current_context().exit(UNEXPECTED)
