"""``chamber local``: what chamber-local does by itself, handed over as it is."""

from __future__ import annotations

import click

from chamber.command.options import command

__all__ = ["local"]

_HANDED_OVER = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}


@command(
    "local",
    "chamber local up --data-dir ~/chamber-data --gpus H100=8",
    "chamber local status",
    "chamber local down",
    add_help_option=False,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def local(ctx: click.Context, arguments: tuple[str, ...]) -> None:
    """A whole Chamber on this machine: up, down, status, logs, reset."""
    try:
        from chamber.local.__main__ import main
    except ImportError:
        from chamber.core import MissingExtraError

        raise MissingExtraError("chamber local comes with chamber-local: pip install chamber-local") from None
    ctx.exit(main(arguments or ["--help"], ctx.command_path))


local.context_settings = _HANDED_OVER
local.params = local.params[:1]
