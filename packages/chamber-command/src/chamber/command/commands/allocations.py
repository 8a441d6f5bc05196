"""``chamber allocations``: what of a reservation a team may use."""

from __future__ import annotations

import click

from chamber.command.options import command, group
from chamber.command.output.columns import ALLOCATIONS
from chamber.command.session import Session, pass_session

__all__ = ["allocations", "create", "get", "list_"]


@group("allocations")
def allocations() -> None:
    """List, read and make allocations of a team."""


@command("list", "chamber allocations list --team init_ml")
@click.option("--team", "--initiative", "team", metavar="ID", required=True, help="Whose.")
@pass_session
def list_(session: Session, team: str) -> None:
    """List the allocations of a team."""
    with session.client() as client:
        session.show_all(client.list_allocations(team), ALLOCATIONS)


@command("get", "chamber allocations get alloc_1")
@click.argument("allocation_id", metavar="ID")
@pass_session
def get(session: Session, allocation_id: str) -> None:
    """Show an allocation."""
    with session.client() as client:
        session.show(client.get_allocation(allocation_id))


@command("create", "chamber allocations create --team init_ml --reservation res-1 --instances 2")
@click.option("--team", "--initiative", "team", metavar="ID", required=True, help="Who may use them.")
@click.option("--reservation", metavar="ID", required=True, help="Of which they are.")
@click.option("--instances", type=int, required=True, help="How many.")
@pass_session
def create(session: Session, team: str, reservation: str, instances: int) -> None:
    """Give a team instances of a reservation."""
    with session.client() as client:
        session.show(client.create_allocation(team, reservation, instances))


for _command in (list_, get, create):
    allocations.add_command(_command)
