"""What an error is to whoever typed the command: an exit code, and one line with what to do next."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import click

from chamber.command.typed import advised, typed

if TYPE_CHECKING:
    from chamber.command.session import Session

__all__ = [
    "CODES",
    "ENDED_OTHERWISE",
    "INTERRUPTED",
    "NOT_THERE",
    "PIPE_CLOSED",
    "UNEXPECTED",
    "code_of",
    "everything",
    "sentence",
    "tell",
]

UNEXPECTED, USAGE, NOT_THERE, ENDED_OTHERWISE, INTERRUPTED, PIPE_CLOSED = 1, 2, 4, 8, 130, 141

#: Exit code → when. The README has the same table; a test holds them equal.
CODES: dict[int, str] = {
    0: "done; with --wait, wait and watch: every workload completed",
    UNEXPECTED: "something else failed; `chamber doctor` found that a run cannot work",
    USAGE: "the command line, a setting or a file is wrong, or what the command needs is not installed",
    3: "the token is missing, expired or not allowed to do this",
    NOT_THERE: "there is no such thing",
    5: "the request contradicts the state of things, as cancelling what has ended does",
    6: "the API failed, asked for patience, or did not answer",
    7: "a workload had not ended in the time given; it goes on running",
    ENDED_OTHERWISE: "a workload ended as FAILED, CANCELLED or PREEMPTED",
    9: "an image could not be built or pushed",
    10: "a job may or may not have been submitted",
    INTERRUPTED: "interrupted; what was submitted goes on running",
    PIPE_CLOSED: "whoever read the output stopped reading",
}
#: Class of error → exit code, and what to type next. The first that fits counts.
_KINDS: tuple[tuple[str, int, str], ...] = (
    ("AuthenticationError", 3, "`chamber login` stores a new one"),
    ("AuthorizationError", 3, "`chamber whoami` shows who you are"),
    ("NotFoundError", NOT_THERE, "`chamber workloads list` and the like show what there is"),
    ("ConflictError", 5, ""),
    ("SubmissionUnknownError", 10, ""),
    ("WaitTimeout", 7, "go on with `chamber workloads wait`"),
    ("WorkloadFailedError", ENDED_OTHERWISE, "`chamber logs` shows its output"),
    ("BudgetExceededError", USAGE, "`chamber capacity` shows what is left"),
    ("ValidationError", USAGE, ""),
    ("RateLimitError", 6, ""),
    ("ResponseError", 6, ""),
    ("TransportError", 6, "`chamber doctor` looks for the cause"),
    ("DockerError", 9, "`chamber doctor` looks for the cause"),
    ("ConfigurationError", USAGE, ""),
    ("MissingExtraError", USAGE, ""),
    ("PluginError", USAGE, "`chamber plugins` lists them"),
)
#: How an error begins that tells how to write a program → what it is to whoever types.
_TOLD_OTHERWISE = {
    "No Chamber token was found": (
        "No token was found: `chamber login` stores one, and CHAMBER_TOKEN is used without being stored"
    ),
    "The Chamber token is empty": (
        "The token is empty: set CHAMBER_TOKEN to one, or unset it and let `chamber login` store one"
    ),
}
#: Errors whose own words say what to type already.
_TOLD = ("chamber ", "pip install")


def code_of(error: BaseException) -> int:
    """The exit code of an error."""
    if isinstance(error, click.ClickException) or _is_missing(error):
        return USAGE
    if isinstance(error, click.Abort | KeyboardInterrupt):
        return INTERRUPTED
    return _kind(error)[0]


def sentence(error: BaseException) -> str:
    """One line: what happened, what to do next, and the id of the request; no secrets."""
    from chamber.command.output.cells import printable
    from chamber.core.redaction import redacted

    if isinstance(error, click.ClickException):
        return printable(redacted(_usage(error)))
    if isinstance(error, click.Abort | KeyboardInterrupt):
        return printable(redacted(typed("; ".join(["Interrupted", *_notes(error)]))))
    message = _advice(error)(_message(error))
    if not _is_ours(error) and not _is_missing(error):
        return printable(redacted(f"Unexpected {type(error).__name__}: {message}; --debug tells more"))
    told = _joined(message, _kind(error)[1])
    return printable(redacted(f"{told} ({known})" if (known := ", ".join(_call(error))) else told))


def everything(error: BaseException) -> str:
    """The whole story, for ``--debug``: what is known of the call, and where it failed; no secrets."""
    from traceback import format_exception

    from chamber.core.redaction import redacted

    facts = "".join(f"  {name}: {value}\n" for name, value in _facts(error))
    return redacted(f"{''.join(format_exception(error))}{facts}").rstrip()


def tell(session: Session, error: BaseException, of: str = "") -> None:
    """Tell of an error on standard error, in one line unless everything is wanted; `of` which of several it is."""
    if session.debug:
        click.echo(everything(error), err=True)
    session.tell(f"Error: {f'{of}: ' if of else ''}{sentence(error)}")


def _facts(error: BaseException) -> Iterator[tuple[str, object]]:
    for name in ("status_code", "code", "details", "request_id", "method", "url", "attempts", "elapsed"):
        if (value := getattr(error, name, None)) not in (None, ()) and _is_ours(error):
            yield name, value


def _call(error: BaseException) -> Iterator[str]:
    """The call that failed, as far as that helps: what did not answer, and the id of the request."""
    from chamber.core.errors import TransportError

    method, url, request = (getattr(error, name, None) for name in ("method", "url", "request_id"))
    if url and isinstance(error, TransportError):
        yield f"{method} {url}"
    if request:
        yield f"request {request}"


def _message(error: BaseException) -> str:
    """An error's own words; where they tell how to write a program, ours, and without the output that they quote."""
    message = str(getattr(error, "message", error)) or type(error).__name__
    for beginning, told in _TOLD_OTHERWISE.items():
        if message.startswith(beginning):
            return told
    first, _, quoted = message.partition("\n")
    return first.rpartition(". ")[0] or first if quoted and first.endswith(":") else message


def _advice(error: BaseException) -> Callable[[str], str]:
    """What makes its words those of whoever types; what the API says keeps what looks like an argument."""
    return advised if _is_ours(error) and getattr(error, "status_code", None) is None else typed


def _joined(message: str, advice: str) -> str:
    """A message, and what to type next unless it says that itself."""
    return f"{message}; {advice}" if advice and not any(word in message for word in _TOLD) else message


def _kind(error: BaseException) -> tuple[int, str]:
    names = {kind.__name__ for kind in type(error).__mro__} if _is_ours(error) else set()
    return next(((code, advice) for name, code, advice in _KINDS if name in names), (UNEXPECTED, ""))


def _is_ours(error: BaseException) -> bool:
    from chamber.core.errors import ChamberError

    return isinstance(error, ChamberError)


def _is_missing(error: BaseException) -> bool:
    """Whether a client lacks a method because the package that brings it is not installed."""
    if not isinstance(error, AttributeError):
        return False
    from chamber.core.official import OFFICIAL

    return error.name in OFFICIAL


def _usage(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    message = error.format_message().rstrip(".?")
    return f"{message}; `{context.command_path} --help` shows how it is used" if context else message


def _notes(error: BaseException) -> list[str]:
    causes = [error, error.__cause__, error.__context__]
    notes = (note for cause in causes if cause is not None for note in getattr(cause, "__notes__", []))
    return list(dict.fromkeys(notes))
