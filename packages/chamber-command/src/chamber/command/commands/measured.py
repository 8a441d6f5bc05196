"""``chamber workloads stats`` and ``metrics``: what workloads did with their GPUs."""

from __future__ import annotations

from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any

import click

from chamber.command.commands import choosing
from chamber.command.options import command
from chamber.command.output.columns import GROUPS, METRICS, RANKING
from chamber.command.session import Session, pass_session

if TYPE_CHECKING:
    from chamber.core import ChamberClient

__all__ = ["COMMANDS", "metrics", "stats"]

#: Characters that the name of a metric and its figures take.
_FIGURES = 90


@command(
    "stats",
    "chamber workloads stats",
    "chamber workloads stats --time-range last_30_days --group-by submitted_by",
    "chamber workloads stats --time-range custom --start 2026-01-01T00:00:00Z --end 2026-02-01T00:00:00Z",
)
@click.option("--time-range", default="last_7_days", metavar="SPAN", help="today, this_month, last_30_days, custom ...")
@click.option("--start", "start_time", metavar="TIME", help="Of a custom span, ISO 8601.")
@click.option("--end", "end_time", metavar="TIME", help="Of a custom span.")
@click.option("--group-by", metavar="FIELD", help="submitted_by, initiative_id, instance_type; several with commas.")
@choosing.team
@pass_session
def stats(session: Session, team: str | None, **options: Any) -> None:
    """Show what the workloads of a span of time add up to."""
    with session.client() as client:
        found = client.get_workload_stats(initiative_id=team, **options)
    session.show_parts(found, found.breakdown, GROUPS, found.summary())


@command(
    "metrics",
    "chamber workloads metrics wl_1a2b",
    "chamber workloads metrics wl_1a2b --time-range last_1h --metric gpu_utilization",
    "chamber workloads metrics --status running --sort-by gpu_hours",
)
@click.argument("workload_id", required=False, metavar="[ID]")
@click.option("--time-range", metavar="SPAN", help="last_1h, last_6h, last_24h, job_lifetime.")
@click.option("--metric", "metrics", multiple=True, metavar="METRIC", help="Such as gpu_utilization. Several times.")
@click.option("--sort-by", metavar="METRIC", help="Without an ID: the order of the ranking.")
@click.option("--limit", type=click.IntRange(1, 50), default=10, help="Without an ID: how many at most.")
@choosing.status
@choosing.team
@pass_session
def metrics(session: Session, workload_id: str | None, **options: Any) -> None:
    """Show the GPU metrics of a workload, or without an ID a ranking of workloads."""
    with session.client() as client:
        if workload_id is None:
            _rank(session, client, options)
        else:
            _measure(session, client, workload_id, options)


def _measure(session: Session, client: ChamberClient, workload_id: str, options: dict[str, Any]) -> None:
    asked = choosing.said(time_range=options["time_range"], metrics=options["metrics"])
    found = client.get_workload_metrics(workload_id, **asked)
    rows = [{"metric": name, **summary.figures} for name, summary in found.summaries.items()]
    session.show_parts(found, rows, METRICS, found.sparkline(_room()))


def _room() -> int:
    """How many characters of a line are left for the course of a metric."""
    return min(max(get_terminal_size().columns - _FIGURES, 8), 40)


def _rank(session: Session, client: ChamberClient, options: dict[str, Any]) -> None:
    names = ("status", "time_range", "sort_by", "limit")
    asked = choosing.said(initiative_id=options["team"], **{name: options[name] for name in names})
    found = client.get_batch_workload_metrics(**asked)
    session.show_parts(found, found.workloads, RANKING)


COMMANDS = (stats, metrics)
