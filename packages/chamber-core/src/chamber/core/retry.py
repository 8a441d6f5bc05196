"""When a call is tried again, as pure functions of what happened and how much time is left."""

from __future__ import annotations

import functools
import math
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["KEYED_WRITE", "POLL", "READ", "REPEATABLE_WRITE", "Outcome", "Policy", "delay", "http_date", "retry_after"]

#: HTTP statuses after which the same request may succeed.
RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504, *range(520, 525), 529})
#: What is added at most to the wait that a server asks for, so that not everybody comes back at once.
_SPREAD = 0.1
#: After so many attempts every wait has reached its cap.
_DOUBLINGS = 16

_NUMBER = re.compile(r"\s*\d+(\.\d*)?\s*", re.ASCII)


class Policy(msgspec.Struct, frozen=True):
    """How often and how patiently one class of calls is tried. All times in seconds."""

    attempts: int
    base: float
    cap: float
    jitter: Literal["full", "equal"]
    #: For one attempt.
    attempt_timeout: float
    #: For the whole call, unless the caller names one.
    deadline: float
    #: Whether the request may be sent again when it may already have been carried out.
    repeatable: bool
    #: The longest wait that a server may ask for; beyond it the error is raised at once.
    longest_wait: float = 120.0
    #: Whether retries are paid for from the client's budget.
    budgeted: bool = True
    #: The longest time without a byte within one attempt; None: as long as the attempt.
    silence: float | None = None


READ = Policy(5, 0.25, 20.0, "full", attempt_timeout=30.0, deadline=60.0, repeatable=True, silence=15.0)
#: A write that must not be done twice: what may have arrived is not sent again.
KEYED_WRITE = Policy(8, 0.5, 20.0, "equal", attempt_timeout=60.0, deadline=180.0, repeatable=False)
#: A write that changes nothing more when it is done twice.
REPEATABLE_WRITE = msgspec.structs.replace(KEYED_WRITE, repeatable=True)
#: One look of a wait, which goes on as long as the API may come back. Its deadline is without one good answer.
POLL = Policy(
    1_000_000,
    1.0,
    30.0,
    "equal",
    attempt_timeout=30.0,
    deadline=900.0,
    repeatable=True,
    longest_wait=900.0,
    budgeted=False,
)


class Outcome(msgspec.Struct, frozen=True):
    """How one attempt ended: with a status, or with no answer."""

    status: int | None = None
    #: Whether the request may have reached the server.
    sent: bool = True
    #: Seconds that the server asks to wait.
    retry_after: float | None = None
    #: The server's own word on trying again.
    should_retry: bool | None = None
    #: Whether the server says that a request with the same Idempotency-Key is under way.
    in_progress: bool = False

    @property
    def is_throttled(self) -> bool:
        """Whether the server asks for fewer requests."""
        return self.status == 429 or (self.status == 503 and self.retry_after is not None)


def delay(policy: Policy, outcome: Outcome, attempt: int, remaining: float, chance: float) -> float | None:
    """Seconds to wait before the next attempt; None when there is none.

    `attempt` counts from 1; `remaining` is what is left of the deadline, in seconds; `chance` is in [0, 1).
    """
    if attempt >= policy.attempts or not _worthwhile(policy, outcome):
        return None
    wait = _wait(policy, outcome, attempt, chance)
    return wait if wait < remaining and (outcome.retry_after or 0) <= policy.longest_wait else None


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds that an answer asks to wait: ``Retry-After-Ms``, or ``Retry-After`` in seconds or as a date.

    A date is measured against the answer's own ``Date``, so that a wrong clock does no harm; without one
    against `now`. None for no header, and for a negative or unreadable one. RFC 9110, section 10.2.3.
    """
    milliseconds = _number(headers.get("Retry-After-Ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    given = headers.get("Retry-After")
    seconds = _number(given)
    if seconds is not None or (until := http_date(given)) is None:
        return seconds
    wait = (until - (http_date(headers.get("Date")) or now or datetime.now(UTC))).total_seconds()
    return wait if wait >= 0 else None


def _worthwhile(policy: Policy, outcome: Outcome) -> bool:
    if outcome.should_retry is False:
        return False
    if outcome.status is None:
        return policy.repeatable or not outcome.sent
    if outcome.status == 429 or outcome.in_progress:
        return True
    return outcome.should_retry is True or (policy.repeatable and outcome.status in RETRIED)


def _wait(policy: Policy, outcome: Outcome, attempt: int, chance: float) -> float:
    base, cap = (1.0, 60.0) if outcome.is_throttled else (policy.base, policy.cap)
    ceiling = min(cap, base * 2.0 ** min(attempt - 1, _DOUBLINGS))
    even = outcome.is_throttled or policy.jitter == "equal"
    backoff = ceiling / 2 * (1 + chance) if even else ceiling * chance
    if outcome.retry_after is None:
        return backoff
    return max(backoff, outcome.retry_after * (1 + chance * _SPREAD))


def _number(text: str | None) -> float | None:
    number = float(text) if text and _NUMBER.fullmatch(text) else math.inf
    return number if math.isfinite(number) else None


@functools.lru_cache(maxsize=64)
def http_date(text: str | None) -> datetime | None:
    """The moment that a header such as ``Date`` names, aware; None for none and for an unreadable one."""
    try:
        date = parsedate_to_datetime(text or "")
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
