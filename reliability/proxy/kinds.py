"""What a kind of fault is: its phase, what it does, and what a call that it befalls ends in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["PHASES", "Kind", "Phase", "rows"]

Phase = Literal["connect", "before", "after", "malformed", "hostile", "environment"]

#: Phase -> what is said of it.
PHASES: dict[Phase, str] = {
    "connect": "while the connection is made",
    "before": "before the server acts",
    "after": "after the server acted",
    "malformed": "a success that is malformed",
    "hostile": "an answer that is hostile",
    "environment": "around the process",
}


@dataclass(frozen=True)
class Kind:
    """One kind of fault."""

    name: str
    phase: Phase
    #: One sentence without a full stop.
    does: str
    #: What a read ends in whose first attempt it befalls: "result", or the name of an error of ours.
    read: str
    #: The same for a submission; "once" is a result, and the job there exactly once.
    submit: str
    #: A coroutine function of a `Connection`; of the phases "connect" and "environment" a context manager.
    fault: Callable[..., Any]
    #: Whether it ends only when the client's patience does.
    slow: bool = False


def rows(kinds: Iterable[Kind]) -> Iterable[str]:
    """The kinds as a table in Markdown."""
    yield "| phase | kind | what it does | a read | a submission |"
    yield "|---|---|---|---|---|"
    for kind in kinds:
        yield f"| {PHASES[kind.phase]} | `{kind.name}` | {kind.does} | {kind.read} | {kind.submit} |"
