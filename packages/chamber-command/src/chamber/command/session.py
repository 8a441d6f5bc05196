"""What the command line says to every command: which API, how to write, and whom to ask."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any, Literal

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from chamber.command.output.columns import Columns
    from chamber.core import ChamberClient

__all__ = ["FORMATS", "Format", "Session", "pass_session"]

Format = Literal["table", "json", "jsonl", "yaml", "csv"]
#: A token for what is done offline, and for a look at what is missing.
_NOBODY = "ch.nobody"
FORMATS: tuple[Format, ...] = ("table", "json", "jsonl", "yaml", "csv")


class Session:
    """One use of the command."""

    def __init__(self) -> None:
        self.output: Format | None = None
        self.debug: bool = False
        self.api_url: str | None = None
        self.organization_id: str | None = None
        #: Seconds for a whole call; None: the class of call decides.
        self.timeout: float | None = None

    @property
    def format(self) -> Format:
        """How results are written."""
        return self.output or "table"

    @property
    def is_terminal(self) -> bool:
        """Whether somebody looks at the results."""
        return sys.stdout.isatty()

    @contextlib.contextmanager
    def client(self, token: str | None = None) -> Iterator[ChamberClient]:
        """A client of the API that the command line, the environment or the files name; closed at the end."""
        from chamber.core import ChamberClient

        with ChamberClient(token, self.api_url, self.organization_id, self.timeout) as client:
            yield client

    @contextlib.contextmanager
    def anyone(self) -> Iterator[ChamberClient]:
        """The same; where there is no token, with one that is nobody's."""
        from chamber.core import AuthenticationError

        with contextlib.ExitStack() as opened:
            try:
                client = opened.enter_context(self.client())
            except AuthenticationError:
                client = opened.enter_context(self.client(_NOBODY))
            yield client

    def show(self, value: Any, columns: Columns | None = None) -> None:
        """Write one value: its fields, or those that `columns` name."""
        from chamber.command.output import writing

        writing.one(self, value, columns)

    def show_all(self, values: Iterable[Any], columns: Columns | None = None, nothing: str = "There are none") -> None:
        """Write values: a row each. `nothing` is told on a terminal where there are none, unless it is empty."""
        from chamber.command.output import writing

        writing.every(self, values, columns, nothing)

    def show_parts(self, whole: Any, parts: Iterable[Any], columns: Columns, text: str | None = None) -> None:
        """Write `whole` as JSON or YAML, else its `parts`, a row each; `text` instead of them on a terminal."""
        from chamber.command.output import writing

        writing.parts(self, whole, parts, columns, text)

    def say(self, text: str) -> None:
        """Write sentences as the result: a line of output for each; a terminal breaks them between words."""
        from chamber.command.output import writing

        writing.sentences(self, text)

    def tell(self, message: str) -> None:
        """A line for whoever looks on, on standard error."""
        from chamber.command.output.cells import printable

        click.echo(printable(message), err=True)


def pass_session(function: Callable[..., Any]) -> Callable[..., Any]:
    """Have a command's function called with the `Session` first."""
    return _passed(function)


_passed: Callable[[Callable[..., Any]], Callable[..., Any]] = click.make_pass_decorator(Session, ensure=True)
