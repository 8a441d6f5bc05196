"""Follows a workload: its statuses on standard error, its output on standard output. Ctrl-C leaves it running."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from chamber.command.failures import ENDED_OTHERWISE, INTERRUPTED

if TYPE_CHECKING:
    from chamber.command.session import Session
    from chamber.core import ChamberClient, Workload

__all__ = ["detaching", "ended", "follow"]

#: Seconds that the last of the output may take once its workload has ended.
_LAST_OUTPUT = 30.0


def follow(
    session: Session,
    client: ChamberClient,
    workload: Workload,
    poll_interval: float = 2.0,
    timeout: float | None = None,
) -> Workload:
    """The workload once it has ended; until then its statuses and output are shown as they come.

    Raises WaitTimeout: it had not ended in time.
    """
    last, output = workload, _Output(session, client, workload.id)
    with detaching(session, [workload.id], workload.name):
        output.start()
        for seen in client.watch_workload(workload.id, poll_interval, timeout):
            last = seen
            if seen.is_terminal:
                output.finish()
            reason = f": {seen.failure_reason}" if seen.failure_reason else ""
            session.tell(f"{seen.name} is {seen.status}{reason}")
    return last


@contextmanager
def detaching(session: Session, workload_ids: Sequence[str], name: str | None = None) -> Iterator[None]:
    """Have Ctrl-C leave what `workload_ids` then holds running, and tell how to come back to it."""
    try:
        yield
    except KeyboardInterrupt:
        if not workload_ids:
            raise
        if sys.stderr.isatty():
            click.echo(err=True)  # below the ^C that the terminal wrote
        session.tell(f"Detached: {name or workload_ids[0]} goes on running. To come back to it, or to end it:")
        for words in ("logs -f", "workloads watch", "workloads cancel"):
            session.tell(f"  chamber {words} {workload_ids[0]}")
        click.get_current_context().exit(INTERRUPTED)


def ended(*workloads: Workload) -> None:
    """Ends the command with the exit code that says whether all completed."""
    if any(workload.status != "COMPLETED" for workload in workloads):
        click.get_current_context().exit(ENDED_OTHERWISE)


class _Output:
    """Copies what a workload prints, in a thread of its own, as a terminal that is looked at twice."""

    def __init__(self, session: Session, client: ChamberClient, workload_id: str) -> None:
        self._session, self._client, self._id = session, client, workload_id
        self._to_errors = session.format != "table"
        self._thread = threading.Thread(target=self._copy, name="chamber-output", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def finish(self) -> None:
        self._thread.join(_LAST_OUTPUT)
        if self._thread.is_alive():
            self._session.tell(f"The output did not come to its end: `chamber logs {self._id}` shows it")

    def _copy(self) -> None:
        from chamber.core.errors import ChamberError, ClientClosedError

        try:
            for line in self._client.logs(self._id, follow=True):
                click.echo(str(line), err=self._to_errors, color=True)
        except ClientClosedError:  # it is not followed any more
            return
        except ChamberError as error:
            self._session.tell(f"The output cannot be followed: {error.message}")
        except OSError:  # nobody reads it any more
            return
