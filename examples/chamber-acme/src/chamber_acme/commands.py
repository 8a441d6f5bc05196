"""What chamber-acme adds to the ``chamber`` command; loaded with it alone."""

import click

from chamber.command import Session, command, pass_session

__all__ = ["cost"]


@command("cost", "chamber cost wl_1a2b", "chamber cost wl_1a2b wl_3c4d -o json")
@click.argument("workload_ids", nargs=-1, required=True)
@pass_session
def cost(session: Session, workload_ids: tuple[str, ...]) -> None:
    """What workloads have cost so far, in euros."""
    with session.client() as client:
        session.show_all(client.get_costs(workload_ids))
