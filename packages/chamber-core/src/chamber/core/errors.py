"""Every error of Chamber's packages, one family. What they say holds no secret that is known.

ChamberError
├── ConfigurationError (ValueError)       a setting is missing, malformed or unknown
├── ResponseError                         the API answered, and not with what was asked for
│   ├── AuthenticationError               401, or no token at all
│   ├── AuthorizationError                403
│   ├── NotFoundError                     404
│   ├── ValidationError (ValueError)      400 and 422, or refused before anything was sent
│   ├── ConflictError                     409
│   │   └── IdempotencyConflict           an id that belongs to another request
│   ├── RateLimitError                    429
│   ├── ServerError                       5xx
│   └── UnexpectedResponseError           an answer that is not understood
│       └── RedirectRefused               3xx
├── TransportError (ConnectionError)      no answer at all
│   └── DeadlineExceeded (TimeoutError)   no answer in the time given
├── WaitTimeout (TimeoutError)            the workload was not finished in the time given
├── WorkloadFailedError                   raised by Workload.raise_for_status()
├── BudgetExceededError                   a job may use more GPU-hours than its team has left
├── SubmissionUnknownError                a job may or may not have been submitted
├── ClientClosedError                     a closed client was used
├── MissingExtraError (ImportError)       a package that only this call needs is not installed
├── PluginError                           plugins contradict each other
└── DockerError                           building or pushing an image failed
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

__all__ = [
    "AuthenticationError",
    "AuthorizationError",
    "BudgetExceededError",
    "ChamberError",
    "ClientClosedError",
    "ConfigurationError",
    "ConflictError",
    "DeadlineExceeded",
    "DockerError",
    "IdempotencyConflict",
    "MissingExtraError",
    "NotFoundError",
    "PluginError",
    "RateLimitError",
    "RedirectRefused",
    "ResponseError",
    "ServerError",
    "SubmissionUnknownError",
    "TransportError",
    "UnexpectedResponseError",
    "ValidationError",
    "WaitTimeout",
    "WorkloadFailedError",
    "for_status",
]


class ChamberError(Exception):
    """Root of the family. Carries what is known of the call that failed."""

    def __init__(
        self,
        message: str,
        status_code: "int | None" = None,
        *,
        code: "str | None" = None,
        details: "Sequence[Any]" = (),
        request_id: "str | None" = None,
        method: "str | None" = None,
        url: "str | None" = None,
        attempts: int = 1,
        elapsed: float = 0.0,
    ) -> None:
        from chamber.core.redaction import cleaned, redacted

        message = redacted(message)
        super().__init__(message)
        #: What happened, to what, and what to do next.
        self.message = message
        #: The HTTP status, where there was an answer.
        self.status_code = status_code
        #: The API's own word for the error, such as ``VALIDATION_ERROR``.
        self.code = code
        #: What the API lists about the error, as it came.
        self.details: tuple[Any, ...] = tuple(cleaned(list(details)))
        self.request_id = request_id
        self.method = method
        self.url: str | None = url and redacted(url)
        #: How often the request was sent.
        self.attempts = attempts
        #: Seconds that the call took, waits included.
        self.elapsed = elapsed
        #: Whether it was not tried again because the client's budget of retries is spent.
        self.retry_budget_exhausted = False

    def __str__(self) -> str:
        facts = [
            f"{self.method} {self.url}" if self.method else "",
            f"request {self.request_id}" if self.request_id else "",
        ]
        known = ", ".join(fact for fact in facts if fact)
        return f"{self.message} ({known})" if known else self.message

    def add_note(self, note: str) -> None:
        """Add a line to what is told of the error. Secrets are taken out of it, as they are of the rest."""
        from chamber.core.redaction import redacted

        super().add_note(redacted(note))

    def __reduce__(self) -> "tuple[Any, ...]":
        return _revive, (type(self), self.args, self.__dict__)


def _revive(kind: "type[ChamberError]", args: "tuple[Any, ...]", state: "Mapping[str, Any]") -> ChamberError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class ConfigurationError(ChamberError, ValueError):
    """A setting is missing, malformed or unknown."""


class ResponseError(ChamberError):
    """The API answered, and not with what was asked for."""


class AuthenticationError(ResponseError):
    """The token is missing, invalid or expired (401)."""


class AuthorizationError(ResponseError):
    """The token is known and not allowed to do this (403)."""


class NotFoundError(ResponseError):
    """There is no such thing, or it is hidden from this token (404)."""


class ValidationError(ResponseError, ValueError):
    """The request is malformed (400, 422), or was refused before it was sent."""


class ConflictError(ResponseError):
    """The request contradicts the state of what it is about (409)."""


class IdempotencyConflict(ConflictError):
    """The external_id belongs to another job."""


class RateLimitError(ResponseError):
    """Too many requests (429)."""

    #: Seconds after which the API asks to be called again, where it says so.
    retry_after: "float | None" = None


class ServerError(ResponseError):
    """The API failed (5xx)."""


class UnexpectedResponseError(ResponseError):
    """The answer is not understood. It is never taken for an empty success."""


class RedirectRefused(UnexpectedResponseError):
    """The API answered with a redirect, which would carry the token elsewhere (3xx)."""


class TransportError(ChamberError, ConnectionError):
    """No answer came."""

    #: False when the request certainly never reached the API; True when it may have.
    sent: bool = True


class DeadlineExceeded(TransportError, TimeoutError):
    """No answer came in the time given."""


class WaitTimeout(ChamberError, TimeoutError):
    """The workload was not finished in the time given; it goes on running."""

    #: The workload as it was last seen.
    workload: "Any" = None


class WorkloadFailedError(ChamberError):
    """The workload ended in another state than COMPLETED."""

    #: The workload as it ended.
    workload: "Any" = None


class BudgetExceededError(ChamberError):
    """The job may use more GPU-hours than its team has left, or nobody can tell; nothing was submitted."""

    #: GPU-hours that the job may use.
    asked: "float | None" = None
    #: GPU-hours that the team has left; None: the API does not tell.
    remaining: "float | None" = None


class SubmissionUnknownError(ChamberError):
    """A job may or may not have been submitted; `external_id` finds it."""

    external_id: "str | None" = None
    #: Why it is not known.
    last_error: "ChamberError | None" = None


class ClientClosedError(ChamberError):
    """A closed client was used."""


class MissingExtraError(ChamberError, ImportError):
    """A package that only this call needs is not installed; the message says how to install it."""


class PluginError(ChamberError):
    """Plugins contradict each other, or one breaks the rules of the host."""


class DockerError(ChamberError):
    """An image could not be built or pushed."""


_BY_STATUS: "dict[int, type[ResponseError]]" = {
    400: ValidationError,
    401: AuthenticationError,
    403: AuthorizationError,
    404: NotFoundError,
    409: ConflictError,
    422: ValidationError,
    429: RateLimitError,
}


def for_status(status: int) -> "type[ResponseError]":
    """The class of error for an HTTP status that is not a success."""
    if 300 <= status < 400:
        return RedirectRefused
    if status >= 500:
        return ServerError
    return _BY_STATUS.get(status, ResponseError)
