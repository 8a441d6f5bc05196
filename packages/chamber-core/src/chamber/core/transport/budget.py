"""How many retries a client may make in all, so that it does not bury an API that is down."""

from __future__ import annotations

import os
import threading
import weakref

__all__ = ["RetryBudget"]

_CAPACITY = 500
_COST = 14
_THROTTLED_COST = 5
_EARNED = 1


class RetryBudget:
    """A bucket of tokens, shared by the threads that use a client.

    A retry takes tokens; one that leads to success gives its tokens back, and a success at the first try adds one.
    """

    def __init__(self) -> None:
        self._tokens = _CAPACITY
        self._lock = threading.Lock()
        _living.add(self)

    @property
    def tokens(self) -> int:
        """What is left, 0 to 500."""
        return self._tokens

    def take(self, *, throttled: bool = False) -> int | None:
        """The tokens that a retry took; None when there are too few for one."""
        cost = _THROTTLED_COST if throttled else _COST
        with self._lock:
            if self._tokens < cost:
                return None
            self._tokens -= cost
            return cost

    def give(self, taken: int) -> None:
        """A call succeeded whose last retry had taken so many tokens; 0 for the first try."""
        with self._lock:
            self._tokens = min(_CAPACITY, self._tokens + (taken or _EARNED))

    def _after_fork(self) -> None:
        self._tokens, self._lock = _CAPACITY, threading.Lock()


_living: weakref.WeakSet[RetryBudget] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for budget in list(_living):
        budget._after_fork()  # noqa: SLF001  its own class


os.register_at_fork(after_in_child=_after_fork_in_child)
