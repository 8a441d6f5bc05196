"""``chamber workloads wait`` and ``watch``: until workloads have ended."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import click

from chamber.command import following, progress
from chamber.command.commands import choosing
from chamber.command.commands.several import Several
from chamber.command.failures import INTERRUPTED
from chamber.command.options import command
from chamber.command.output.columns import WORKLOADS
from chamber.command.session import Session, pass_session

if TYPE_CHECKING:
    from chamber.core import ChamberClient, Workload

__all__ = ["COMMANDS", "wait", "watch"]

Look = Callable[[], Sequence["Workload"]]


@command(
    "wait",
    "chamber workloads wait wl_1a2b",
    "chamber workloads wait wl_1a2b wl_3c4d --timeout 3600",
)
@click.argument("workload_ids", nargs=-1, required=True, metavar="ID...")
@choosing.poll_interval
@choosing.timeout
@pass_session
def wait(session: Session, workload_ids: tuple[str, ...], poll_interval: float, timeout: float | None) -> None:
    """Wait until workloads have ended, and show how."""
    several = Several(session, workload_ids)
    with session.client() as client:
        try:
            with _shown(session) as report:
                found = client.wait_for_all(several.ids, poll_interval, timeout, on_progress=report)
        except KeyboardInterrupt:
            session.tell("Stopped waiting: what runs goes on running")
            click.get_current_context().exit(INTERRUPTED)
        session.show_all(found, WORKLOADS, "")
        several.tell(found.failed)
    several.end()
    following.ended(*found)


@command(
    "watch",
    "chamber workloads watch",
    "chamber workloads watch wl_1a2b wl_3c4d",
    "chamber workloads watch --status running,pending --team ml --interval 5",
    "chamber workloads watch wl_1a2b | tee changes.tsv",
)
@click.argument("workload_ids", nargs=-1, metavar="[ID...]")
@choosing.status
@choosing.team
@click.option("--limit", type=click.IntRange(1, 100), default=20, help="Without IDs: how many at most.")
@choosing.poll_interval
@pass_session
def watch(session: Session, workload_ids: tuple[str, ...], poll_interval: float, **options: Any) -> None:
    """Watch workloads in a live table: those named, until they have ended, or the newest, until Ctrl-C.

    Into a pipe, or with -o jsonl, each change is a row.
    """
    several = Several(session, workload_ids)
    with session.client() as client:
        look = _look(client, several, options)
        is_over = _all_ended if workload_ids else _never
        show = _table if session.is_terminal and session.format == "table" else _changes
        try:
            last = show(session, look, is_over, poll_interval)
        except KeyboardInterrupt:
            session.tell("Stopped watching: what runs goes on running")
            click.get_current_context().exit(INTERRUPTED)
    several.end()
    following.ended(*last)


def _shown(session: Session) -> AbstractContextManager[Callable[[str, str], None]]:
    """What shows a wait to whoever looks on; in a pipe nothing does."""
    if sys.stderr.isatty() and not session.debug:
        return progress.shown(debug=False)
    return nullcontext(lambda stage, message: None)


def _look(client: ChamberClient, several: Several, options: dict[str, Any]) -> Look:
    if several.ids:
        return lambda: _found(client, several)
    asked = choosing.said(status=options["status"], initiative_id=options["team"], limit=options["limit"])
    return lambda: list(client.list_workloads(**asked))


def _found(client: ChamberClient, several: Several) -> Sequence[Workload]:
    """Those that can be looked at. Raises what keeps one from being read for now."""
    from chamber.core.workloads import ends_waiting

    batch = client.get_workloads(several.left)
    for error in batch.failed.values():
        if not ends_waiting(error):
            raise error
    several.tell(batch.failed)
    return list(batch)


def _all_ended(workloads: Sequence[Workload]) -> bool:
    return all(workload.is_terminal for workload in workloads)


def _never(_: Sequence[Workload]) -> bool:
    return False


def _table(
    session: Session, look: Look, is_over: Callable[[Sequence[Workload]], bool], interval: float
) -> Sequence[Workload]:
    from rich.console import Console
    from rich.live import Live

    from chamber.command.output import tables

    found, console = look(), Console()
    with Live(tables.table(found, WORKLOADS, console.width), console=console, auto_refresh=False) as live:
        while not is_over(found):
            time.sleep(interval)
            found = look()
            live.update(tables.table(found, WORKLOADS, console.width), refresh=True)
    return found


def _changes(
    session: Session, look: Look, is_over: Callable[[Sequence[Workload]], bool], interval: float
) -> Sequence[Workload]:
    last: list[Sequence[Workload]] = [()]
    session.show_all(_changed(look, is_over, interval, last), WORKLOADS)
    return last[0]


def _changed(
    look: Look, is_over: Callable[[Sequence[Workload]], bool], interval: float, last: list[Sequence[Workload]]
) -> Any:
    """Each workload when it is first seen, and again with each change of its status."""
    statuses: dict[str, str] = {}
    while True:
        last[0] = look()
        for workload in last[0]:
            if statuses.get(workload.id) != workload.status:
                statuses[workload.id] = workload.status
                yield workload
        if is_over(last[0]):
            return
        time.sleep(interval)


COMMANDS = (wait, watch)
