"""``chamber run``: a project's directory becomes a running workload."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from chamber.command import following, progress
from chamber.command.commands.run_options import OPTIONS
from chamber.command.options import Command, command
from chamber.command.output.columns import WORKLOADS
from chamber.command.session import Session, pass_session
from chamber.command.typed import advised
from chamber.core.progress.steps import WARNING

if TYPE_CHECKING:
    from chamber.core import ChamberClient

__all__ = ["run"]

_MAPPINGS = ("env", "secrets")
_WAITING = ("wait", "poll_interval", "timeout")
#: How progress tells of a submission, which ends with its id.
_SUBMITTED = "submitted "
#: What a plan has nothing to do with.
_OF_A_RUN = (*_WAITING, "max_gpu_hours", "on_preempted", "max_resubmits")


@command(
    "run",
    "chamber run . --team ml",
    "chamber run ./my-project --gpus 8 --gpu-type H100 --team ml --wait",
    "chamber run . --team ml --dry-run",
    "chamber run . --team ml -- --lr 0.1 --epochs 3",
    "chamber run . --team ml --env WANDB_MODE=offline --secret HF_TOKEN=hugging-face/token",
    "chamber run . --team ml -o json",
    "job=$(chamber run . --team ml -q)",
)
@click.argument("directory", type=click.Path(file_okay=False), default=".")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@pass_session
def run(session: Session, directory: str, arguments: tuple[str, ...], **options: Any) -> None:
    """Put a project into an image, push it and run it on GPUs.

    ARGUMENTS behind -- are those of the script. What is not given comes from .chamber.yaml in the project, from
    ~/.chamber, or is found out. Ctrl-C before the job is submitted stops everything; while --wait follows a job, it
    leaves that running and tells how to come back.
    """
    quiet = options.pop("quiet")
    given = _given(options, arguments)
    if given.pop("dry_run", False):
        _plan(session, directory, given)
        return
    wait = {name: given.pop(name) for name in _WAITING if name in given}
    if "on_preempted" in given:  # the client waits itself, so that it can submit again
        given |= wait
        wait = {}
    with session.client() as client:
        workload: Any = _submitted(session, client, directory, given)
        if wait.pop("wait", False):
            workload = following.follow(session, client, workload, **wait)
    if quiet:
        click.echo(workload.id)
    elif session.format != "table" or not workload.is_terminal:
        session.show(workload, WORKLOADS)
    if workload.is_terminal:
        following.ended(workload)


def _submitted(session: Session, client: ChamberClient, directory: str, given: dict[str, Any]) -> Any:
    """What the client's `run()` returns. Ctrl-C stops it, and tells how to come back to what it has submitted."""
    ids: list[str] = []
    with following.detaching(session, ids), progress.shown(debug=session.debug) as report:

        def heard(stage: str, message: str) -> None:
            if stage == "submit" and message.startswith(_SUBMITTED):
                ids[:] = [message.rpartition(" as ")[2]]
            report(stage, advised(message) if message.startswith(WARNING) else message)

        return client.run(directory, on_progress=heard, **given)


def _plan(session: Session, directory: str, given: dict[str, Any]) -> None:
    """Show what a run would do; nobody needs to be logged in for that."""
    given = {name: value for name, value in given.items() if name not in _OF_A_RUN}
    with session.anyone() as client:
        plan = client.plan(directory, **given)
    if session.format != "table":
        session.show(plan)
        return
    plan = _for_typing(plan)
    if session.is_terminal:
        from rich.console import Console

        Console().print(plan)
    else:
        click.echo(plan.summary())


def _for_typing(plan: Any) -> Any:
    """The plan with options where it advises arguments."""
    from msgspec.structs import replace

    evidence = tuple(replace(one, change=advised(one.change)) for one in plan.profile.evidence)
    return replace(plan, profile=replace(plan.profile, evidence=evidence), warnings=tuple(map(advised, plan.warnings)))


def _given(options: dict[str, Any], arguments: tuple[str, ...]) -> dict[str, Any]:
    """What was said, as parameters of `run()`; what was not is left to it."""
    said = {name: value for name, value in options.items() if not (value is None or value is False or value == ())}
    said |= {name: dict(said[name]) for name in _MAPPINGS if name in said}
    if arguments and "entrypoint_args" in said:
        raise click.UsageError("The script's arguments stand behind -- or in --entrypoint-args, not in both")
    return said | ({"entrypoint_args": list(arguments)} if arguments else {})


assert isinstance(run, Command)
run.params[2:2] = OPTIONS
