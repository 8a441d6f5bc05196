"""The ``chamber`` command: its options, and what becomes of an error."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from chamber.command.failures import INTERRUPTED, PIPE_CLOSED, code_of, sentence, tell
from chamber.command.session import Session
from chamber.command.tree import Tree

__all__ = ["Program", "chamber", "main"]

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class Program(Tree):
    """The root of all commands. Ends the process with the exit code that the README documents."""

    def main(self, args: Sequence[str] | None = None, prog_name: str | None = None, *rest: Any, **extra: Any) -> Any:
        """Do what the command line says. Raises SystemExit, always."""
        session = extra.pop("obj", None) or Session()
        extra["standalone_mode"] = False
        try:
            code = super().main(args, prog_name or "chamber", *rest, obj=session, **extra)
            sys.stdout.flush()
        except Exception as error:
            sys.exit(_ended(session, error))
        sys.exit(code if isinstance(code, int) else 0)

    def invoke(self, ctx: click.Context) -> Any:
        """The command that is asked for. Ends in silence where nobody reads what it writes."""
        try:
            return super().invoke(ctx)
        except OSError as error:
            if error.errno == errno.EPIPE:
                _give_up_output()
                ctx.exit(PIPE_CLOSED)
            raise


def _version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"chamber {version('chamber-command')}")
        ctx.exit()


@click.group("chamber", cls=Program, context_settings=_CONTEXT)
@click.option("--api-url", metavar="URL", help="The API; else CHAMBER_API_URL, else the setting api_url.")
@click.option("--organization", metavar="ID", help="The organisation, for users of several.")
@click.option("--timeout", type=float, metavar="SECONDS", help="For each call as a whole, retries included.")
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version.")
@click.pass_context
def chamber(ctx: click.Context, api_url: str | None, organization: str | None, timeout: float | None) -> None:
    """Submit, watch and cancel GPU workloads.

    `chamber login` stores a token, `chamber run DIRECTORY --team TEAM` runs a project, and `chamber COMMAND --help`
    tells of a command with examples.
    """
    session = ctx.ensure_object(Session)
    session.api_url, session.organization_id, session.timeout = api_url, organization, timeout


def main() -> None:
    """What the installed command calls."""
    chamber.main()


def _ended(session: Session, error: Exception) -> int:
    """Tell of an error on standard error; the exit code."""
    code = code_of(error)
    if isinstance(error, OSError) and error.errno == errno.EPIPE:
        _give_up_output()
        return PIPE_CLOSED
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return code
    if code == INTERRUPTED:
        click.echo(sentence(error), err=True)
    else:
        tell(session, error)
    return code


def _give_up_output() -> None:
    """Nobody reads it any more, so that what is still buffered must not be written at the end either."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
