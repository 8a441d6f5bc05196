"""Every command and where it is. A command's module is loaded when it is used, and no other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import Any, NamedTuple

import click

from chamber.command.options import Group, begun

__all__ = ["COMMANDS", "Leaf", "Tree"]


class Leaf(NamedTuple):
    """A command, and where it is written."""

    module: str
    name: str
    #: The first line of its help.
    help: str


def _leaves(module: str, **commands: str) -> dict[str, Leaf]:
    where = f"chamber.command.commands.{module}"
    return {name.rstrip("_").replace("_", "-"): Leaf(where, name, told) for name, told in commands.items()}


Branches = Mapping[str, Leaf]

#: Heading → commands; in the order in which help shows them.
COMMANDS: Mapping[str, Branches] = {
    "Jobs": {
        **_leaves("run", run="Put a project into an image, push it and run it on GPUs."),
        **_leaves("submit", submit="Submit a job: by options, a Kubernetes manifest or a template."),
        **_leaves("workloads", workloads="List, read, search, watch and cancel workloads."),
        **_leaves("logs", logs="Print what a workload prints, and follow it."),
        **_leaves("submissions", submissions="Find out what became of submissions that were cut off."),
    },
    "Organisation": {
        **_leaves("capacity", capacity="Show what GPUs and GPU-hours there are, and what is left."),
        **_leaves("teams", teams="List, read and make teams."),
        **_leaves("templates", templates="List and read templates of workloads."),
        **_leaves("allocations", allocations="List, read and make allocations of a team."),
    },
    "This machine": {
        **_leaves(
            "login",
            login="Store a token.",
            logout="Forget the stored token.",
            whoami="Show who you are, and whether the API knows you.",
        ),
        **_leaves("config", config="Read and write settings."),
        **_leaves("registries", registries="List and add image registries."),
        **_leaves("plugins", plugins="List the installed plugins."),
        **_leaves("doctor", doctor="Look whether all that a run needs is there."),
        **_leaves("local", local="A whole Chamber on this machine: up, down, status, logs, reset."),
        **_leaves("completion", completion="Print what a shell needs to complete commands."),
    },
}
_PLUGINS = "Of plugins"
#: Distributions whose plugins bring no commands.
_OWN = {"chamber-admin", "chamber-command", "chamber-compat", "chamber-local", "chamber-metrics", "chamber-run"}


class Tree(Group):
    """The program: its own commands by the table, and then those of plugins."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Our own, and the plugins'."""
        return [*_own(), *self._plugins()]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name; plugins are loaded only where none of ours has it."""
        leaf = _own().get(cmd_name)
        if leaf is None:
            return self._plugins().get(cmd_name)
        found: click.Command = getattr(import_module(leaf.module), leaf.name)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The same, and a guess where there is no such command."""
        if not ctx.resilient_parsing and args and self.get_command(ctx, args[0]) is None:
            close = self._close(ctx, args[0])
            guess, word = (f": did you mean {close!r}", args[0]) if close else ("", begun(args[0]))
            raise click.UsageError(f"There is no command {word!r}{guess}", ctx)
        return super().resolve_command(ctx, args)

    def _close(self, ctx: click.Context, word: str) -> str | None:
        """The command that is nearest to a word, or the one of workloads that is called so."""
        workloads = self.get_command(ctx, "workloads")
        if isinstance(workloads, click.Group) and word in workloads.commands:
            return f"workloads {word}"
        return next(iter(get_close_matches(word, self.list_commands(ctx), n=1)), None)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands under their headings. Loads none of ours."""
        width = max(map(len, self.list_commands(ctx)))
        for heading, leaves in COMMANDS.items():
            with formatter.section(heading):
                formatter.write_dl([(name.ljust(width), leaf.help) for name, leaf in leaves.items()])
        if found := self._plugins():
            with formatter.section(_PLUGINS):
                told = [(name.ljust(width), command.get_short_help_str(80)) for name, command in found.items()]
                formatter.write_dl(told)

    def _plugins(self) -> dict[str, click.Command]:
        if not any(_strangers()):
            return {}
        from chamber.command.contributions import commands

        return commands(taken=_own())


def _own() -> dict[str, Leaf]:
    return {name: leaf for leaves in COMMANDS.values() for name, leaf in leaves.items()}


def _strangers() -> Iterator[Any]:
    """The plugins of packages that are not ours: only they have commands, so without them the host is not loaded."""
    import sys

    if "chamber.core.plugins" in sys.modules:
        yield True  # it is loaded already, and may have been given plugins that are not installed
    from importlib.metadata import entry_points

    yield from (entry for entry in entry_points(group="chamber") if entry.dist is None or entry.dist.name not in _OWN)
