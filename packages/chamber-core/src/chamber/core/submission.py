"""Submitting a job so that it can neither be lost nor be doubled.

The API promises nothing about repeated requests, so none is assumed. An id is made and written to the journal before
the request is sent, and goes into the body and into ``Idempotency-Key``. A failure that certainly did not reach the API
is sent again. After one that may have reached it the job is looked for; only when three listings that answered do not
show it, it is sent once more. What remains unknown is an error that carries the id.

The remaining risk: a listing that shows a job later than 4 seconds after it was submitted.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import quote

from chamber.core import wire
from chamber.core.clock import Deadline
from chamber.core.errors import (
    ChamberError,
    ConflictError,
    IdempotencyConflict,
    RateLimitError,
    ResponseError,
    ServerError,
    SubmissionUnknownError,
    TransportError,
    UnexpectedResponseError,
    ValidationError,
)
from chamber.core.journal import Intent, Journal, payload_hash
from chamber.core.logs import logger
from chamber.core.models import PaginatedResponse, Workload, WorkloadSearchResult
from chamber.core.paths import path
from chamber.core.portal import noted
from chamber.core.retry import KEYED_WRITE, READ
from chamber.core.transport import Transport

__all__ = ["OnAmbiguous", "Submission", "find", "is_ambiguous", "new_external_id"]

OnAmbiguous = Literal["resolve", "raise"]

#: Seconds before each look for a job that may have been submitted.
_LOOKS = (0.0, 1.0, 3.0)
#: Seconds between looks while the API does not answer.
_UNANSWERED = 5.0
_SKEW = timedelta(minutes=5)

#: Failures of a look after which another may succeed.
_PASSING = (TransportError, ServerError, UnexpectedResponseError, RateLimitError)

_log = logger(__name__)


class Submission:
    """One job on its way to the API."""

    def __init__(
        self, transport: Transport, fields: Mapping[str, Any], *, timeout: float | None, on_ambiguous: OnAmbiguous
    ) -> None:
        self._transport = transport
        self._fields = dict(fields)
        self._external_id: str = fields["external_id"]
        self._on_ambiguous = on_ambiguous
        self._started = transport.clock.now()
        self._deadline = Deadline(transport.clock, timeout or transport.settings.timeout or KEYED_WRITE.deadline)
        self._journal = Journal()

    async def send(self) -> Workload:
        """The job as the API has it, submitted once.

        Raises SubmissionUnknownError: it may or may not have been submitted. Raises what the API answers when it
        refuses.
        """
        self._journal.write(self._intent())
        unsure = f"The job may have been submitted: client.resolve_submission({self._external_id!r}) tells"
        try:
            with noted(unsure):
                workload = await self._sent_or_found()
        except SubmissionUnknownError:
            raise
        except ChamberError as error:
            if not is_ambiguous(error):
                self._journal.forget(self._external_id)
            raise
        self._journal.forget(self._external_id)
        return workload

    async def _sent_or_found(self) -> Workload:
        try:
            return await self._post()
        except ChamberError as error:
            first = self._checked(error)
        if found := await self._looked_for(first):
            return found
        try:
            return await self._post()
        except ChamberError as error:  # whatever the API says of the second request, the first is still unknown
            second = error
        if found := await self._looked_for(second):
            return found
        raise self._unknown(second)

    async def _post(self) -> Workload:
        answer = await self._transport.call(
            "POST",
            path("workloads"),
            body=self._fields,
            headers={"Idempotency-Key": _key(self._external_id)},
            timeout=self._deadline.left(),
            policy=KEYED_WRITE,
        )
        return wire.decode(answer, Workload)

    def _checked(self, error: ChamberError) -> ChamberError:
        """The error, if the job has to be looked for after it."""
        if is_ambiguous(error):
            if self._on_ambiguous == "raise":
                raise self._unknown(error) from error
            return error
        if _is_about_the_key(error):
            return error
        raise error

    async def _looked_for(self, cause: ChamberError) -> Workload | None:
        """The job, if the API has it; None when three listings that answered do not show it."""
        looks = list(_LOOKS)
        while looks:
            try:
                await self._pause(looks[0], cause)
                found = await find(self._transport, self._external_id, self._started, self._deadline.left())
            except ChamberError as error:
                if not isinstance(error, _PASSING):
                    raise self._unknown(cause) from error
                await self._pause(_UNANSWERED, cause)
                continue
            if found:
                _log.info("submission found", external_id=self._external_id, workload_id=found.id)
                return self._same(found)
            looks.pop(0)
        return None

    async def _pause(self, seconds: float, cause: ChamberError) -> None:
        if seconds >= self._deadline.remaining:
            raise self._unknown(cause) from cause
        await self._transport.clock.sleep(seconds)

    def _same(self, found: Workload) -> Workload:
        """What was found, unless it is another job under the same id."""
        if found.name == self._fields["name"]:
            return found
        raise IdempotencyConflict(
            f"external_id {self._external_id!r} belongs to workload {found.id} ({found.name}), which is another job: "
            "submit this one under an external_id of its own"
        )

    def _intent(self) -> Intent:
        settings = self._transport.settings
        return Intent(
            self._external_id,
            self._fields["name"],
            payload_hash({**self._fields, "external_id": None}),
            settings.api_url,
            settings.organization_id,
            self._started,
        )

    def _unknown(self, error: ChamberError) -> SubmissionUnknownError:
        raised = SubmissionUnknownError(
            f"The job may or may not have been submitted: {error.message}. Ask "
            f"client.resolve_submission({self._external_id!r}) before you submit it again",
            error.status_code,
            request_id=error.request_id,
            method=error.method,
            url=error.url,
        )
        raised.external_id = self._external_id
        raised.last_error = error
        return raised


async def find(
    transport: Transport, external_id: str, since: datetime | None, timeout: float | None = None
) -> Workload | None:
    """The workload with this external id, by search and then by listing what was submitted since."""
    body = {"query": external_id, "page_size": 100, "sort_by": "submitted_at", "sort_order": "desc"}
    try:
        answer = await transport.call("POST", path("workloads", "search"), body=body, policy=READ, timeout=timeout)
        found = _with_id(wire.decode(answer, WorkloadSearchResult).items, external_id)
    except ResponseError as error:  # a server that cannot search can still list
        if isinstance(error, ServerError):
            raise
        found = None
    return found or await _listed(transport, external_id, since, timeout)


async def _listed(
    transport: Transport, external_id: str, since: datetime | None, timeout: float | None
) -> Workload | None:
    after = since - _SKEW if since else None
    params: dict[str, object] = {"limit": 100, "start_date": after, "submitted_after": after, "sort_order": "desc"}
    seen: set[str] = set()
    while True:
        answer = await transport.call("GET", path("workloads"), params=params, policy=READ, timeout=timeout)
        page = wire.decode(answer, PaginatedResponse[Workload])
        token = page.next_token
        if (found := _with_id(page.items, external_id)) or not token or token in seen:
            return found
        seen.add(token)
        params["next_token"] = token


def _with_id(workloads: list[Workload], external_id: str) -> Workload | None:
    return next((workload for workload in workloads if workload.external_id == external_id), None)


def is_ambiguous(error: ChamberError) -> bool:
    """Whether the job may have been submitted although the call failed."""
    if isinstance(error, TransportError):
        return error.sent
    return isinstance(error, ServerError | UnexpectedResponseError)


def _is_about_the_key(error: ChamberError) -> bool:
    """Whether the API says that it has seen this Idempotency-Key before."""
    about = isinstance(error, ConflictError) or (isinstance(error, ValidationError) and error.status_code == 422)
    return about and "IDEMPOTEN" in f"{error.code} {error.message}".upper()


def new_external_id() -> str:
    """An id that no other submission has, ordered by time: ``cb-`` and a UUID of version 7 (RFC 9562, 5.7)."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & (1 << 48) - 1) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return f"cb-{uuid.UUID(int=value)}"


def _key(external_id: str) -> str:
    """The id as a header can hold it: what is not ASCII, and what a server would cut off, in percent signs."""
    is_plain = external_id.isascii() and external_id == external_id.strip()
    return external_id if is_plain else quote(external_id)
