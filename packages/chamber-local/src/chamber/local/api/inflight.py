"""Idempotency-Keys whose first request is being handled (draft-ietf-httpapi-idempotency-key-header, section 2.6)."""

import contextlib
from collections.abc import Iterator

from chamber.local.api.errors import ApiError

__all__ = ["InFlight"]


class InFlight:
    """The keys in use. Lives in one event loop."""

    def __init__(self) -> None:
        self._keys: set[str] = set()

    @contextlib.contextmanager
    def hold(self, key: str) -> Iterator[None]:
        """Keeps a key to one request at a time. Raises ApiError 409: another one has it."""
        if key in self._keys:
            message = "a request with this Idempotency-Key is being handled: wait, and send it again for its answer"
            raise ApiError(409, "IDEMPOTENCY_KEY_IN_USE", message)
        self._keys.add(key)
        try:
            yield
        finally:
            self._keys.discard(key)
