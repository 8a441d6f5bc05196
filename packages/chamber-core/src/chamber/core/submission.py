"""What makes a submission safe: an id of its own, and an honest error when its fate is unknown."""

from __future__ import annotations

import os
import time
import uuid
from typing import TYPE_CHECKING

from chamber.core.errors import ServerError, SubmissionUnknownError, TransportError

if TYPE_CHECKING:
    from chamber.core.errors import ChamberError

__all__ = ["is_ambiguous", "new_external_id", "unknown"]


def new_external_id() -> str:
    """An id that no other submission has, ordered by time: ``cb-`` and a UUID of version 7 (RFC 9562, 5.7)."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    value = (milliseconds & (1 << 48) - 1) << 80 | random
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return f"cb-{uuid.UUID(int=value)}"


def is_ambiguous(error: ChamberError) -> bool:
    """Whether the job may have been submitted although the call failed."""
    if isinstance(error, TransportError):
        return error.sent
    return isinstance(error, ServerError) or (error.status_code is not None and error.status_code < 400)


def unknown(external_id: str, error: ChamberError) -> SubmissionUnknownError:
    """The error for a submission that may or may not have been accepted."""
    raised = SubmissionUnknownError(
        f"The job may or may not have been submitted: {error.message}. Look for external_id {external_id} "
        "among your workloads before submitting again",
        error.status_code,
        request_id=error.request_id,
        method=error.method,
        url=error.url,
    )
    raised.external_id = external_id
    return raised
