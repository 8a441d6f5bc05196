"""``chamber workloads``: what was submitted."""

from __future__ import annotations

from typing import Any

import click

from chamber.command.commands import choosing, following_many, measured
from chamber.command.commands.several import Several
from chamber.command.options import command, group
from chamber.command.output.columns import WORKLOADS
from chamber.command.session import Session, pass_session
from chamber.command.typed import advised

__all__ = ["cancel", "explain", "get", "list_", "search", "workloads"]

_ORDER = click.Choice(("asc", "desc"))


@group("workloads")
def workloads() -> None:
    """List, read, search, watch and cancel workloads."""


@command(
    "list",
    "chamber workloads list",
    "chamber workloads list --status pending,queued --team ml",
    "chamber workloads list --all -o csv > workloads.csv",
    "chamber workloads list --status running -q | xargs -r chamber workloads cancel",
)
@choosing.status
@choosing.team
@click.option("--submitted-by", metavar="USER", help="Of this user alone.")
@click.option("--after", metavar="TIME", help="Submitted after it, ISO 8601.")
@click.option("--before", metavar="TIME", help="Submitted before it.")
@click.option("--managed/--discovered", "is_managed", default=None, help="Submitted to Chamber, or found by it.")
@click.option("--order", type=_ORDER, help="By the time of submission.")
@click.option("--limit", type=click.IntRange(1), default=20, help="How many at most.")
@click.option("--all", "every", is_flag=True, help="All that there are.")
@click.option("--quiet", "-q", is_flag=True, help="Ids alone.")
@pass_session
def list_(session: Session, team: str | None, limit: int, every: bool, quiet: bool, **filters: Any) -> None:
    """List workloads, the newest first.

    Of those that have not started, pending ones await scheduling, and queued ones are scheduled and wait for GPUs.
    """
    options = choosing.said(
        status=filters["status"],
        initiative_id=team,
        submitted_by=filters["submitted_by"],
        is_managed=filters["is_managed"],
        submitted_after=filters["after"],
        submitted_before=filters["before"],
        sort_order=filters["order"],
    )
    with session.client() as client:
        found = client.iter_workloads(**options, page_size=100 if every else min(limit, 100))
        _write(session, choosing.first(found, None if every else limit), quiet, filters["status"])


@command("get", "chamber workloads get wl_1a2b", "chamber workloads get wl_1a2b wl_3c4d -o json")
@click.argument("workload_ids", nargs=-1, required=True, metavar="ID...")
@pass_session
def get(session: Session, workload_ids: tuple[str, ...]) -> None:
    """Show workloads by their ids."""
    several = Several(session, workload_ids)
    with session.client() as client:
        if len(workload_ids) == 1:
            session.show(client.get_workload(workload_ids[0]))
        else:
            found = client.get_workloads(several.ids)
            session.show_all(found, WORKLOADS, "")
            several.tell(found.failed)
    several.end()


@command(
    "search",
    "chamber workloads search llama",
    "chamber workloads search --gpu-type H100,A100 --min-gpus 8 --status failed",
    "chamber workloads search --sort-by priority --order asc --limit 5",
)
@click.argument("query", required=False)
@choosing.status
@choosing.team
@click.option("--class", "job_class", metavar="CLASS", help="RESERVED or ELASTIC.")
@click.option("--gpu-type", metavar="TYPE", help="Several with commas.")
@click.option("--submitted-by", metavar="USER", help="Several with commas.")
@click.option("--pool", "capacity_pool_id", metavar="ID", help="Several with commas.")
@click.option("--min-priority", "priority_min", type=int)
@click.option("--max-priority", "priority_max", type=int)
@click.option("--min-gpus", "requested_gpus_min", type=float)
@click.option("--max-gpus", "requested_gpus_max", type=float)
@click.option("--after", "submitted_from", metavar="TIME", help="Submitted at it or later, ISO 8601.")
@click.option("--before", "submitted_to", metavar="TIME", help="Submitted at it or before.")
@click.option("--sort-by", default="submitted_at", metavar="FIELD")
@click.option("--order", "sort_order", type=_ORDER, default="desc")
@click.option("--limit", type=click.IntRange(1), default=25, help="How many at most.")
@click.option("--all", "every", is_flag=True, help="All that there are.")
@click.option("--quiet", "-q", is_flag=True, help="Ids alone.")
@pass_session
def search(session: Session, team: str | None, limit: int, every: bool, quiet: bool, **filters: Any) -> None:
    """Search workloads by a text and by what they are."""
    options = choosing.said(initiative_id=team, **filters)
    with session.client() as client:
        found = client.iter_search(**options, page_size=100 if every else min(limit, 100))
        _write(session, choosing.first(found, None if every else limit), quiet, filters["status"])


@command("cancel", "chamber workloads cancel wl_1a2b", "chamber workloads cancel wl_1a2b wl_3c4d")
@click.argument("workload_ids", nargs=-1, required=True, metavar="ID...")
@pass_session
def cancel(session: Session, workload_ids: tuple[str, ...]) -> None:
    """Cancel workloads that have not ended.

    All are tried: what cannot be cancelled is told, and the others are cancelled all the same.
    """
    several = Several(session, workload_ids)
    with session.client() as client:
        session.show_all(several.each(client.cancel_workload), WORKLOADS, "")
    several.end()


@command("explain", "chamber workloads explain wl_1a2b")
@click.argument("workload_id", metavar="ID")
@pass_session
def explain(session: Session, workload_id: str) -> None:
    """Say why a workload waits, was preempted or failed, and what to do."""
    import msgspec

    with session.client() as client:
        told = client.explain(workload_id)
    told = msgspec.structs.replace(told, next_step=advised(told.next_step))
    if session.format == "table":
        session.say(str(told))
    else:
        session.show(told)


def _write(session: Session, found: Any, quiet: bool, status: str | None) -> None:
    hint = "; what waits for GPUs is queued: --status pending,queued" if (status or "").lower() == "pending" else ""
    if quiet:
        for workload in found:
            click.echo(workload.id)
    else:
        session.show_all(found, WORKLOADS, f"No workload matches{hint}")


for _command in (list_, get, search, cancel, explain, *measured.COMMANDS, *following_many.COMMANDS):
    workloads.add_command(_command)
