"""Commands and groups of this program: ``-o`` and ``--debug`` anywhere on the line, and examples in the help."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import click

from chamber.command.session import FORMATS, Session

if TYPE_CHECKING:
    _Pair = click.ParamType[tuple[str, str]]
else:  # generic from click 8.4 on
    _Pair = click.ParamType

__all__ = ["Command", "Group", "Option", "Pairs", "begun", "command", "group", "shared"]

_CONTEXT = {
    "help_option_names": ["-h", "--help"],
    "show_default": True,
    "max_content_width": 100,
    "allow_extra_args": True,  # they are refused by us, who do not repeat what may be a secret
}
#: Characters. A word that is longer is repeated in part; a sentence of help is shorter.
_SHORT, _SENTENCE = 6, 200
#: Heading of the options that every command has.
_EVERYWHERE = "Everywhere"


def command(name: str, *examples: str, **attributes: Any) -> Callable[[Callable[..., Any]], Command]:
    """Make a function a command; `examples` are command lines that its help shows."""
    return click.command(name, cls=Command, examples=examples, context_settings=_CONTEXT, **attributes)


def group(name: str, **attributes: Any) -> Callable[[Callable[..., Any]], Group]:
    """Make a function a group of commands."""
    return click.group(name, cls=Group, context_settings=_CONTEXT, **attributes)


def shared() -> list[click.Parameter]:
    """The options that every command has."""
    return [
        Option(
            ["-o", "--output"],
            heading=_EVERYWHERE,
            type=click.Choice(FORMATS, case_sensitive=False),
            expose_value=False,
            callback=_set("output"),
            help="How results are written; into a pipe a table is lines of tabs.",
        ),
        Option(
            ["--debug"],
            heading=_EVERYWHERE,
            is_flag=True,
            expose_value=False,
            show_default=False,
            callback=_set("debug"),
            help="Tell each call, and of an error everything; no secrets.",
        ),
    ]


class Option(click.Option):
    """An option that stands under a heading of its own in help."""

    def __init__(self, *arguments: Any, heading: str = "Options", **attributes: Any) -> None:
        super().__init__(*arguments, **attributes)
        self.heading = heading


class Command(click.Command):
    """A command that has the shared options, and examples in its help."""

    def __init__(self, *arguments: Any, examples: Sequence[str] = (), **attributes: Any) -> None:
        super().__init__(*arguments, **attributes)
        #: Command lines, as a user types them.
        self.examples: tuple[str, ...] = tuple(examples)
        self.params.extend(shared())

    def invoke(self, ctx: click.Context) -> Any:
        """Do it. Raises UsageError: there are words that nothing takes."""
        if ctx.args:
            raise click.UsageError(f"There are words too many, from {begun(ctx.args[0])!r} on", ctx)
        return super().invoke(ctx)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options under their headings, in the order in which they are declared."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None and (record[1] or isinstance(param, click.Option)):  # an argument may have no help
                sections.setdefault(_heading(param), []).append(record)
        for heading in sorted(sections, key=lambda heading: heading == _EVERYWHERE):
            with formatter.section(heading):
                formatter.write_dl(sections[heading])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The examples, each in a line of its own."""
        if self.examples:
            with formatter.section("Examples"):
                formatter.write("".join(f"{_typed(example, formatter.width)}\n" for example in self.examples))
        super().format_epilog(ctx, formatter)


class Group(click.Group):
    """A group whose commands are ours, and which has the shared options too."""

    command_class: type[click.Command] | None = Command

    def __init__(self, *arguments: Any, **attributes: Any) -> None:
        super().__init__(*arguments, **attributes)
        self.params.extend(shared())

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands, each with the whole of its first sentence."""
        found = {name: command for name in self.list_commands(ctx) if (command := self.get_command(ctx, name))}
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.get_short_help_str(_SENTENCE)) for name, command in found.items()])


class Pairs(_Pair):
    """``NAME=VALUE``, given as often as there are such pairs."""

    name = "name=value"

    def __init__(self, shown: str = "NAME=VALUE") -> None:
        self._shown = shown

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """The two sides of the first equals sign."""
        if isinstance(value, tuple):
            return value
        name, found, given = str(value).partition("=")
        if not found or not name:
            self.fail(f"{begun(name) if name else 'this'} has no value: write {self._shown}", param, ctx)
        return name, given

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """As help shows it."""
        return self._shown


def _heading(param: click.Parameter) -> str:
    usual = "Options" if isinstance(param, click.Option) else "Arguments"
    return getattr(param, "heading", _EVERYWHERE if "--help" in param.opts else usual)


def _typed(line: str, width: int) -> str:
    """A command line as a shell takes it, in as many lines as it needs."""
    lines = wrap(
        line,
        width - 2,
        initial_indent="  ",
        subsequent_indent="      ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return " \\\n".join(lines)


def begun(word: str) -> str:
    """A word by which its place is found, and no secret that was typed there by mistake."""
    return word if len(word) <= _SHORT else f"{word[:3]}…"


def _set(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    """Keep what is said in the session; where it is said twice, what stands nearest to the command counts."""

    def keep(ctx: click.Context, _: click.Parameter, value: Any) -> None:
        session = ctx.find_root().ensure_object(Session)
        if value and name == "debug" and not session.debug:
            from chamber.command.debugging import listen

            ctx.find_root().call_on_close(listen())
        if value:
            setattr(session, name, value)

    return keep
