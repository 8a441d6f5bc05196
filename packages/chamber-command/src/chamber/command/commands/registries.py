"""``chamber registries``: where images go."""

from __future__ import annotations

import click

from chamber.command.options import command, group
from chamber.command.output.columns import REGISTRIES
from chamber.command.session import Session, pass_session

__all__ = ["add", "default", "list_", "registries"]


@group("registries")
def registries() -> None:
    """List and add image registries."""


@command("list", "chamber registries list")
@pass_session
def list_(session: Session) -> None:
    """List the registries that were added."""
    from chamber.core import ChamberClient

    chosen = ChamberClient.get_default_registry()
    known = ChamberClient.list_registries()
    rows = [{"name": name, "url": url, "default": chosen == (name, url)} for name, url in known.items()]
    session.show_all(rows, REGISTRIES, "No registry was added: `chamber registries add NAME HOST/PATH` adds one")


@command(
    "add",
    "chamber registries add prod us-east1-docker.pkg.dev/my-project/prod --default",
    "chamber registries add lab harbor.lan:8080/ml --insecure",
)
@click.argument("name")
@click.argument("url", metavar="HOST/PATH")
@click.option("--default", "set_default", is_flag=True, help="Use it where none is named.")
@click.option("--insecure", is_flag=True, help="It may be spoken to in plain HTTP, as on a LAN.")
@click.option("--auth-realm", metavar="URL", help="The site that gives out its tokens, where that is another.")
@pass_session
def add(session: Session, name: str, url: str, set_default: bool, insecure: bool, auth_realm: str | None) -> None:
    """Keep a registry under a name."""
    from chamber.core import ChamberClient

    ChamberClient.add_registry(name, url, set_default, insecure=insecure, auth_realm=auth_realm)
    session.tell(f"Added {name}{', the default' if set_default else ''}")


@command("default", "chamber registries default", "chamber registries default prod")
@click.argument("name", required=False)
@pass_session
def default(session: Session, name: str | None) -> None:
    """Show the default registry, or make NAME the default."""
    from chamber.core import ChamberClient

    if name is not None:
        ChamberClient.set_default_registry(name)
    chosen = ChamberClient.get_default_registry()
    if chosen is None:
        session.tell("There is no default registry: `chamber registries default NAME` sets one")
    else:
        session.show({"name": chosen[0], "url": chosen[1], "default": True}, REGISTRIES)


for _command in (list_, add, default):
    registries.add_command(_command)
