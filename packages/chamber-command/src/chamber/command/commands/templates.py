"""``chamber templates``: workloads prepared for submitting."""

from __future__ import annotations

import click

from chamber.command.options import command, group
from chamber.command.output.columns import TEMPLATES
from chamber.command.session import Session, pass_session

__all__ = ["get", "list_", "templates"]


@group("templates")
def templates() -> None:
    """List and read templates of workloads."""


@command("list", "chamber templates list", "chamber templates list --scope personal --name llama")
@click.option("--name", help="With this in their name.")
@click.option("--scope", metavar="SCOPE", help="personal, project or organization.")
@click.option("--system/--no-system", "include_system", default=True, help="Also those that come with Chamber.")
@pass_session
def list_(session: Session, name: str | None, scope: str | None, include_system: bool) -> None:
    """List templates."""
    with session.client() as client:
        session.show_all(client.list_templates(name, scope, include_system), TEMPLATES)


@command("get", "chamber templates get tmpl_hello", "chamber templates get tmpl_hello -o yaml")
@click.argument("template_id", metavar="ID")
@pass_session
def get(session: Session, template_id: str) -> None:
    """Show a template."""
    with session.client() as client:
        session.show(client.get_template(template_id))


for _command in (list_, get):
    templates.add_command(_command)
