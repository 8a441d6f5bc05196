"""``chamber submissions``: those of which nobody knows whether they arrived."""

from __future__ import annotations

import click

from chamber.command.commands.several import Several
from chamber.command.failures import NOT_THERE
from chamber.command.options import command, group
from chamber.command.output.columns import SUBMISSIONS, WORKLOADS
from chamber.command.session import Session, pass_session

__all__ = ["pending", "resolve", "submissions"]


@group("submissions")
def submissions() -> None:
    """Find out what became of submissions that were cut off."""


@command("pending", "chamber submissions pending", "chamber submissions pending -o json")
@pass_session
def pending(session: Session) -> None:
    """List what this machine submitted without an answer, oldest first.

    What is being submitted at this moment is listed too.
    """
    from chamber.core.journal import Journal

    session.show_all(Journal().pending(), SUBMISSIONS, "Every submission of this machine was answered")


@command(
    "resolve",
    "chamber submissions resolve cb-0193d0a2-7c1e-7d3a-9b1f-2f5d8c3a4e6b",
    "chamber submissions resolve nightly-2026-01-15 --forget",
)
@click.argument("external_ids", nargs=-1, required=True, metavar="ID...")
@click.option("--forget", is_flag=True, help="List it as pending no longer, where it never became a job.")
@pass_session
def resolve(session: Session, external_ids: tuple[str, ...], forget: bool) -> None:
    """Show the jobs that submissions became, by their external ids.

    A submission that never became a job may be made again.
    """
    several = Several(session, external_ids)
    with session.client() as client:
        found = dict(several.each(lambda external_id: (external_id, client.resolve_submission(external_id))))
    session.show_all([workload for workload in found.values() if workload], WORKLOADS)
    missing = [external_id for external_id, workload in found.items() if workload is None]
    for external_id in missing:
        session.tell(f"No job was submitted as {external_id}")
        if forget:
            _forget(session, external_id)
    several.end()
    if missing and not forget:
        click.get_current_context().exit(NOT_THERE)


def _forget(session: Session, external_id: str) -> None:
    from chamber.core.journal import Journal

    journal = Journal()
    if (entry := journal.claim(external_id)) is not None:
        entry.settle()
    elif journal.find(external_id) is not None:
        session.tell(f"{external_id} is being submitted at this moment, and stays listed")


for _command in (pending, resolve):
    submissions.add_command(_command)
