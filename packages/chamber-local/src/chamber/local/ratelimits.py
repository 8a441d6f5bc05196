"""How often a token may ask: a token bucket, as a pure function of the clock."""

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Literal

import msgspec

from chamber.core.errors import ConfigurationError

__all__ = ["Bucket", "RateLimit", "Refused", "Throttle", "take"]


class RateLimit(msgspec.Struct, frozen=True, kw_only=True):
    """`requests` in `per` seconds for each token; that many at once, then as they come back evenly.

    `retry_after` is what a refusal's Retry-After says: ``seconds``, an HTTP ``date`` (RFC 9110, section 10.2.3), or
    None: there is none.

    Raises ConfigurationError: a number is out of its range, or there is no such form.
    """

    requests: int
    per: float = 1.0
    retry_after: Literal["seconds", "date"] | None = "seconds"

    def __post_init__(self) -> None:
        if self.requests < 1 or not 0 < self.per < float("inf"):
            raise ConfigurationError("rate_limit needs 1 request or more, and more than 0 seconds")
        if self.retry_after not in {"seconds", "date", None}:
            raise ConfigurationError(f"retry_after={self.retry_after!r} is not 'seconds', 'date' or None")


class Bucket(msgspec.Struct, frozen=True):
    """How many requests were left, and when that was."""

    left: float
    at: datetime


class Refused(msgspec.Struct, frozen=True):
    """A request that came too early."""

    seconds: float
    headers: dict[str, str]


def take(limit: RateLimit, bucket: Bucket | None, now: datetime) -> tuple[Bucket, float]:
    """The bucket after a request, and the seconds to wait before it may be made; 0: it was let through."""
    if bucket is None:
        return Bucket(limit.requests - 1.0, now), 0.0
    passed = max(0.0, (now - bucket.at).total_seconds())
    left = min(float(limit.requests), bucket.left + passed * limit.requests / limit.per)
    if left >= 1:
        return Bucket(left - 1, now), 0.0
    return Bucket(left, now), (1 - left) * limit.per / limit.requests


class Throttle:
    """The buckets of all tokens. Lives in the server's loop. `ahead`: see `chamber.local.waiting.ClientClock`."""

    def __init__(self, limit: RateLimit, ahead: Callable[[], float] = float) -> None:
        self._limit, self._ahead = limit, ahead
        self._buckets: dict[str, Bucket] = {}

    def refuses(self, user: str, now: datetime) -> Refused | None:
        """Counts a request of a user; what to tell them when it is one too many."""
        counted = now + timedelta(seconds=self._ahead())
        self._buckets[user], seconds = take(self._limit, self._buckets.get(user), counted)
        return Refused(seconds, _headers(self._limit, seconds, now)) if seconds else None


def _headers(limit: RateLimit, seconds: float, now: datetime) -> dict[str, str]:
    """Whole seconds, rounded up: whoever heeds it is let through."""
    if limit.retry_after is None:
        return {}
    if limit.retry_after == "seconds":
        return {"Retry-After": str(max(1, math.ceil(seconds)))}
    at = now + timedelta(seconds=seconds + 1)
    return {"Retry-After": format_datetime(at.replace(microsecond=0), usegmt=True)}
