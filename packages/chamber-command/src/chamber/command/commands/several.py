"""Does one thing to each of several: what fails is told, and keeps nothing else from being done."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

import click

from chamber.command import failures

if TYPE_CHECKING:
    from chamber.command.session import Session
    from chamber.core import ChamberError

__all__ = ["Several"]

T = TypeVar("T")


class Several:
    """The ids that a command was given, which of them failed, and what that ends the command with."""

    def __init__(self, session: Session, ids: Sequence[str]) -> None:
        self._session = session
        #: The ids, each once, in the order in which they were given.
        self.ids: tuple[str, ...] = tuple(dict.fromkeys(ids))
        self._codes: dict[str, int] = {}

    @property
    def left(self) -> tuple[str, ...]:
        """Those that have not failed."""
        return tuple(one for one in self.ids if one not in self._codes)

    def each(self, do: Callable[[str], T]) -> Iterator[T]:
        """What comes of doing it to each id, as soon as it is there. Ctrl-C ends it; what was done is kept."""
        from chamber.core.errors import ChamberError

        for place, one in enumerate(self.ids):
            try:
                done = do(one)
            except ChamberError as error:
                self.tell({one: error})
            except KeyboardInterrupt as stop:
                self._session.tell(f"{failures.sentence(stop)}; not known to be done: {', '.join(self.ids[place:])}")
                self._codes = {one: failures.INTERRUPTED}
                return
            else:
                yield done

    def tell(self, failed: Mapping[str, ChamberError]) -> None:
        """Tell of those that failed, a line each; where there are several ids, of which."""
        for one, error in failed.items():
            self._codes[one] = failures.code_of(error)
            failures.tell(self._session, error, one if len(self.ids) > 1 else "")

    def end(self) -> None:
        """End the command with the exit code of the first that failed, if any did."""
        if self._codes:
            click.get_current_context().exit(next(iter(self._codes.values())))
