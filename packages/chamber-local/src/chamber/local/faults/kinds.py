"""The kinds of faults."""

from collections.abc import Mapping
from typing import Literal, get_args

import msgspec

from chamber.core.errors import ConfigurationError

__all__ = ["ANSWERS", "Fault", "Injected", "Kind"]

Kind = Literal[
    "refuse",
    "reset_before",
    "reset_after",
    "delay",
    "drip",
    "status",
    "truncate",
    "content_type",
    "html",
    "unknown_status",
    "unknown_enum",
    "repeat_cursor",
]

#: The kinds that befall single requests, which all do but refusing to be connected to.
ANSWERS: tuple[Kind, ...] = tuple(kind for kind in get_args(Kind) if kind != "refuse")


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One fault.

    - ``refuse``: connections are refused for `seconds`, by default until the faults are cleared; those that are there
      are ended.
    - ``reset_before``: the connection is reset before the server acts.
    - ``reset_after``: the server acts, and the connection is reset instead of an answer.
    - ``delay``: the server acts, and answers `seconds` later, by default 1.
    - ``drip``: the server acts, and the answer's body comes bit by bit within `seconds`, by default 1.
    - ``status``: that `status` with those `headers` and that `body`; the server does not act unless `acted`.
    - ``truncate``: the server acts, and half of the answer's body comes.
    - ``content_type``: the server acts, and its answer says that it is ``text/plain``, or what is in `headers`.
    - ``html``: the server acts, and a page of HTML comes with a 200.
    - ``unknown_status``: the server acts, and every workload in the answer has a status of which nobody heard.
    - ``unknown_enum``: the same, and every job class, scope, mode and state is a word of which nobody heard.
    - ``repeat_cursor``: the answer's cursor is the one that was asked with.

    Raises ConfigurationError: there is no such kind, or a number is out of its range.
    """

    kind: Kind
    seconds: float | None = None
    status: int = 503
    headers: Mapping[str, str] = {}
    body: str | bytes = b""
    acted: bool = False

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ConfigurationError(f"kind={self.kind!r} is no fault; there is {', '.join(get_args(Kind))}")
        if not 200 <= self.status <= 599:
            raise ConfigurationError(f"status={self.status!r} is not 200 to 599")
        if self.seconds is not None and not 0 <= self.seconds < float("inf"):
            raise ConfigurationError(f"seconds={self.seconds!r} is not a number of seconds from 0")


class Injected(msgspec.Struct, frozen=True):
    """A fault that befell the request of that number, counted from the start of the Chamber."""

    number: int
    kind: Kind
    method: str
    path: str
