"""``chamber logs``: what a workload prints."""

from __future__ import annotations

from typing import Any

import click

from chamber.command import following
from chamber.command.commands import choosing
from chamber.command.options import command
from chamber.command.output.cells import cell
from chamber.command.session import Session, pass_session

__all__ = ["logs"]


@command(
    "logs",
    "chamber logs wl_1a2b",
    "chamber logs -f wl_1a2b",
    "chamber logs --tail 100 --pod 0 wl_1a2b",
    "chamber logs wl_1a2b -o jsonl",
)
@click.argument("workload_id", metavar="ID")
@click.option("--follow", "-f", is_flag=True, help="Go on until it has ended.")
@click.option("--tail", type=click.IntRange(0), metavar="N", help="The last lines alone.")
@click.option("--pod", metavar="POD", help="Of this pod alone.")
@click.option("--timestamps", "-t", is_flag=True, help="With the time of each line, where it is known.")
@pass_session
def logs(session: Session, workload_id: str, timestamps: bool, **options: Any) -> None:
    """Print what a workload prints, and follow it.

    Ctrl-C stops the printing, and not the workload.
    """
    with session.client() as client, following.detaching(session, [workload_id]):
        lines = client.logs(workload_id, **choosing.said(**options))
        if session.format != "table":
            session.show_all(lines)
            return
        for line in lines:
            click.echo(f"{cell(line.time)} {line}".lstrip() if timestamps else str(line), color=True)
