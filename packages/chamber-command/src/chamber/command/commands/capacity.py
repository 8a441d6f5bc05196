"""``chamber capacity``: what GPUs there are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from chamber.command.commands import choosing
from chamber.command.options import command
from chamber.command.output.columns import CAPACITY
from chamber.command.session import Session, pass_session

if TYPE_CHECKING:
    from chamber.core import Capacity

__all__ = ["capacity"]


@command("capacity", "chamber capacity", "chamber capacity --team ml", "chamber capacity -o json")
@choosing.team
@click.option("--pool", metavar="ID", help="Of this pool alone.")
@pass_session
def capacity(session: Session, team: str | None, pool: str | None) -> None:
    """Show what GPUs and GPU-hours there are, and what is left."""
    with session.client() as client:
        found = client.get_capacity(team, pool)
    session.show_parts(found, _rows(found), CAPACITY)


def _rows(found: Capacity) -> Iterator[dict[str, Any]]:
    budget = found.budget
    yield {
        "kind": "organization",
        "id": found.organization_id,
        "allocated_hours": budget.allocated,
        "used_hours": budget.used,
        "remaining_hours": budget.available,
    }
    for pool in found.pools:
        yield {
            "kind": "pool",
            "gpu_type": pool.gpu_type or ",".join(pool.instance_types) or None,
            "gpus": pool.total_gpus,
            "used": pool.used_gpus,
            "available": pool.available_gpus,
            **_hours(pool),
        }
    for team in found.teams:
        yield {"kind": "team", **_hours(team)}


def _hours(of: Any) -> dict[str, Any]:
    return {
        "id": of.id,
        "name": of.name,
        "allocated_hours": of.allocated_gpu_hours,
        "used_hours": of.used_gpu_hours,
        "remaining_hours": of.remaining_gpu_hours,
    }
