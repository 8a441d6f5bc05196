"""``chamber teams``: who shares the GPUs."""

from __future__ import annotations

import click

from chamber.command.options import Pairs, command, group
from chamber.command.output.columns import TEAMS
from chamber.command.session import Session, pass_session

__all__ = ["create", "get", "list_", "teams"]


@group("teams")
def teams() -> None:
    """List, read and make teams."""


@command("list", "chamber teams list", "chamber teams list --tree", "chamber teams list -o json")
@click.option("--tree", is_flag=True, help="Each team below the one that it is a part of.")
@pass_session
def list_(session: Session, tree: bool) -> None:
    """List the teams."""
    with session.client() as client:
        found = client.list_teams()
    if not tree:
        session.show_all(found, TEAMS)
        return
    from chamber.admin import team_tree

    for top in team_tree(found):
        for depth, team in top.walk():
            click.echo(f"{'  ' * depth}{team.name} ({team.id})")


@command("get", "chamber teams get init_ml")
@click.argument("team_id", metavar="ID")
@pass_session
def get(session: Session, team_id: str) -> None:
    """Show a team."""
    with session.client() as client:
        session.show(client.get_team(team_id))


@command("create", "chamber teams create Labelling", "chamber teams create Labelling --parent init_ml --tag cost=4711")
@click.argument("name")
@click.option("--description")
@click.option("--parent", metavar="ID", help="The team that it is a part of.")
@click.option("--tag", "tags", type=Pairs(), multiple=True, help="Several times.")
@pass_session
def create(
    session: Session, name: str, description: str | None, parent: str | None, tags: tuple[tuple[str, str], ...]
) -> None:
    """Make a team."""
    with session.client() as client:
        session.show(client.create_team(name, description, parent, dict(tags) or None))


for _command in (list_, get, create):
    teams.add_command(_command)
