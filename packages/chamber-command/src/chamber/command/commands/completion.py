"""``chamber completion``: what a shell needs."""

from __future__ import annotations

import click

from chamber.command.options import command

__all__ = ["completion"]

_SHELLS = ("bash", "zsh", "fish")


@command(
    "completion",
    "chamber completion bash > ~/.local/share/bash-completion/completions/chamber",
    'eval "$(chamber completion zsh)"',
    "chamber completion fish > ~/.config/fish/completions/chamber.fish",
)
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print what a shell needs to complete commands."""
    from click.shell_completion import get_completion_class

    from chamber.core import ConfigurationError

    kind = get_completion_class(shell)
    if kind is None:
        raise ConfigurationError(f"There is no completion for {shell}: it is for {', '.join(_SHELLS)}")
    click.echo(kind(ctx.find_root().command, {}, "chamber", "_CHAMBER_COMPLETE").source())
