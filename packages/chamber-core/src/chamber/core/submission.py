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
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, NoReturn
from urllib.parse import quote

import msgspec

from chamber.core import validation, wire
from chamber.core.clock import Deadline
from chamber.core.enums import JobClass, ScalingMode
from chamber.core.errors import (
    ChamberError,
    ConflictError,
    IdempotencyConflict,
    PluginError,
    RateLimitError,
    ResponseError,
    ServerError,
    SubmissionUnknownError,
    TransportError,
    UnexpectedResponseError,
    ValidationError,
)
from chamber.core.journal import Entry, Intent, Journal, payload_hash
from chamber.core.logs import logger
from chamber.core.models import PaginatedResponse, Workload, WorkloadSearchResult
from chamber.core.pagination import RepeatedCursor, first_item
from chamber.core.paths import path
from chamber.core.portal import noted
from chamber.core.retry import KEYED_WRITE, READ
from chamber.core.settings import checked_timeout
from chamber.core.transport import Transport
from chamber.core.transport.daemon import in_daemon

__all__ = ["LARGEST_MANIFEST", "OnAmbiguous", "Submission", "checked", "find", "is_ambiguous", "new_external_id"]

OnAmbiguous = Literal["resolve", "raise"]

#: Characters.
LARGEST_MANIFEST = 65_536

#: Seconds before each look for a job that may have been submitted.
_LOOKS = (0.0, 1.0, 3.0)
#: Seconds between looks while the API does not answer.
_UNANSWERED = 5.0
_SKEW = timedelta(minutes=5)
#: For how long a request may be on its way to the API.
_ON_ITS_WAY = timedelta(minutes=5)

#: Statuses that a proxy gives as well which has passed the request on (RFC 9110, 15.5.9; RFC 8470, 5.2).
_UNSURE = frozenset({408, 425})

#: Failures of a look after which another may succeed.
_PASSING = (TransportError, ServerError, UnexpectedResponseError, RateLimitError)

_log = logger(__name__)


class Submission:
    """One job on its way to the API. `digest` is what a run was made from, by which another run takes it up."""

    def __init__(
        self,
        transport: Transport,
        fields: Mapping[str, Any],
        *,
        timeout: float | None = None,
        on_ambiguous: OnAmbiguous = "resolve",
        digest: str | None = None,
    ) -> None:
        self._transport = transport
        self._fields = dict(fields)
        self._external_id: str = fields["external_id"]
        self._on_ambiguous = on_ambiguous
        self._digest = digest
        self._started = transport.clock.now()
        limit = checked_timeout(timeout) or transport.settings.timeout or KEYED_WRITE.deadline
        self._deadline = Deadline(transport.clock, limit)

    async def send(self) -> Workload:
        """The job as the API has it, submitted once.

        Where an earlier submission under this external id was never acknowledged, the job is looked for first.

        Raises SubmissionUnknownError: it may or may not have been submitted. Raises what the API answers when it
        refuses.
        """
        journal, intent = Journal(), self._intent()
        before = journal.claim(self._external_id)
        if before is not None and _origin(before.intent) == _origin(intent):
            return await self.resume(before)
        if before is not None:
            before.release()
        return await self._ended(await _kept(journal, intent), self._sent_or_found())

    async def resume(self, entry: Entry) -> Workload:
        """The job of an intent that was never acknowledged: as the API has it, else submitted under the same id.

        `reused` tells which. Raises as `send` does.
        """
        self._started = entry.intent.time
        return await self._ended(entry, self._taken_up(entry.intent))

    async def _ended(self, entry: Entry, submitting: Coroutine[Any, Any, Workload]) -> Workload:
        """The outcome of a submission. Its intent is kept as long as it is not known what became of it."""
        unsure = f"The job may have been submitted: client.resolve_submission({self._external_id!r}) tells"
        with entry, noted(unsure):
            try:
                workload = await submitting
            except SubmissionUnknownError:
                raise
            except ChamberError as error:
                if not is_ambiguous(error):
                    entry.settle()
                raise
            entry.settle()
            return workload

    async def _sent_or_found(self) -> Workload:
        try:
            return await self._post()
        except ChamberError as error:
            first = self._checked(error)
        if found := await self._looked_for(first):
            return found
        return await self._sent_again()

    async def _taken_up(self, intent: Intent) -> Workload:
        lost = self._checked(
            TransportError(f"the submission of {intent.time:%Y-%m-%d %H:%M:%S} UTC was not acknowledged")
        )
        if found := await self._looked_for(lost):
            return found if self._digest or intent.payload == self._payload else self._conflict(found)
        return await self._sent_again()

    async def _sent_again(self) -> Workload:
        """The job after another request, the last one."""
        try:
            return await self._post()
        except ChamberError as error:  # whatever the API says of this request, the first is still unknown
            second = error
        if found := await self._looked_for(second):
            return found
        if not is_ambiguous(second) and self._transport.clock.now() - self._started > _ON_ITS_WAY:
            raise second
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
        looks, unanswered = list(_LOOKS), 0.0
        while looks:
            try:
                await self._pause(unanswered + looks[0], cause)
                found = await find(self._transport, self._external_id, self._started, self._deadline)
            except SubmissionUnknownError:
                raise
            except ChamberError as error:
                if not isinstance(error, _PASSING):
                    raise self._unknown(cause) from error
                unanswered = _UNANSWERED
                continue
            if found:
                _log.info("submission found", external_id=self._external_id, workload_id=found.id)
                return self._same(found, cause)
            looks.pop(0)
            unanswered = 0.0
        return None

    async def _pause(self, seconds: float, cause: ChamberError) -> None:
        if seconds >= self._deadline.remaining:
            raise self._unknown(cause) from cause
        await self._transport.pause(seconds)

    def _same(self, found: Workload, cause: ChamberError) -> Workload:
        """What was found, unless it is another job under the same id: where the API says so, in anything it tells."""
        compared = ("name", "initiative_id", "gpu_type", "requested_gpus") if _is_about_the_key(cause) else ("name",)
        if any(_differ(getattr(found, name), self._fields.get(name)) for name in compared):
            self._conflict(found)
        return msgspec.structs.replace(found, reused=True)

    def _conflict(self, found: Workload) -> NoReturn:
        raise IdempotencyConflict(
            f"external_id {self._external_id!r} belongs to workload {found.id} ({found.name}), which is another job: "
            "submit this one under an external_id of its own"
        )

    @property
    def _payload(self) -> str:
        return payload_hash({**self._fields, "external_id": None})

    def _intent(self) -> Intent:
        settings = self._transport.settings
        return Intent(
            self._external_id,
            self._fields["name"],
            self._payload,
            settings.api_url,
            settings.organization_id,
            self._started,
            self._digest,
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


async def _kept(journal: Journal, intent: Intent) -> Entry:
    """The intent on disk. Flushing a disk takes time, in which other calls of the same loop go on."""
    return await in_daemon(journal.write, intent, name="chamber-journal")


def checked(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a submission in the API's words, with an external id.

    Raises ValidationError: one is outside its bounds.
    """
    known = {
        **fields,
        "job_class": validation.member("job_class", fields.get("job_class"), JobClass),
        "scaling_mode": validation.member("scaling_mode", fields.get("scaling_mode"), ScalingMode),
        "external_id": fields.get("external_id") or new_external_id(),
    }
    _check(known)
    wire.encode_body(known)
    return known


async def find(transport: Transport, external_id: str, since: datetime | None, deadline: Deadline) -> Workload | None:
    """The workload with this external id, by search and then by listing what was submitted since."""
    found, searched = await _searched(transport, external_id, deadline)
    if found:
        return found
    try:
        return await first_item(_listing(transport, since, deadline), lambda listed: listed.external_id == external_id)
    except RepeatedCursor:
        if not searched:
            raise
        return None


async def _searched(transport: Transport, external_id: str, deadline: Deadline) -> tuple[Workload | None, bool]:
    """What a search finds, and whether it answered."""
    body = {"query": external_id, "page_size": 100, "sort_by": "submitted_at", "sort_order": "desc"}
    try:
        answer = await transport.call(
            "POST", path("workloads", "search"), body=body, policy=READ, timeout=deadline.left()
        )
        found = wire.decode(answer, WorkloadSearchResult).items
    except ServerError:
        raise
    except ResponseError:  # a server that cannot search can still list
        return None, False
    return next((workload for workload in found if workload.external_id == external_id), None), True


def _listing(
    transport: Transport, since: datetime | None, deadline: Deadline
) -> Callable[[str | None], Coroutine[Any, Any, tuple[Sequence[Workload], str | None]]]:
    """What was submitted since, newest first, page by page."""
    after = transport.since(since) - _SKEW if since else None
    asked: dict[str, object] = {"limit": 100, "start_date": after, "submitted_after": after, "sort_order": "desc"}

    async def page(cursor: str | None) -> tuple[Sequence[Workload], str | None]:
        params = {**asked, "next_token": cursor}
        answer = await transport.call("GET", path("workloads"), params=params, timeout=deadline.left())
        listed = wire.decode(answer, PaginatedResponse[Workload])
        return listed.items, listed.next_token

    return page


def is_ambiguous(error: ChamberError) -> bool:
    """Whether the job may have been submitted although the call failed."""
    if isinstance(error, TransportError):
        return error.sent
    if isinstance(error, PluginError):
        return error.status_code is not None and not 400 <= error.status_code < 500
    return isinstance(error, ServerError | UnexpectedResponseError) or error.status_code in _UNSURE


def _is_about_the_key(error: ChamberError) -> bool:
    """Whether the API says that it has seen this Idempotency-Key before."""
    about = isinstance(error, ConflictError) or (isinstance(error, ValidationError) and error.status_code == 422)
    return about and "IDEMPOTEN" in f"{error.code} {error.message}".upper()


def _check(fields: Mapping[str, Any]) -> None:
    validation.text("name", fields["name"])
    validation.length("name", fields["name"], 1, 255)
    validation.text("initiative_id", fields["initiative_id"])
    validation.text("gpu_type", fields["gpu_type"])
    validation.number("requested_gpus", fields.get("requested_gpus"), 0, whole=False)
    validation.number("priority", fields.get("priority"), 0, 100)
    validation.length("external_id", fields["external_id"], 1, 255)
    validation.text("external_id", fields["external_id"])
    validation.one_line("external_id", fields["external_id"])
    validation.length("k8s_manifest", fields.get("k8s_manifest"), 1, LARGEST_MANIFEST)
    validation.one_of("distribution_mode", fields.get("distribution_mode"), ("auto", "manual"))
    for name in ("gpus_per_pod", "requested_pods", "min_pods"):
        validation.number(name, fields.get(name), 1)


def _differ(told: object, given: object) -> bool:
    """Whether the API tells another value than was given; what it does not tell, does not differ."""
    if isinstance(told, str) and isinstance(given, str):
        return told.casefold() != given.casefold()
    return told is not None and given is not None and told != given


def _origin(intent: Intent) -> tuple[str, str | None]:
    return intent.api_url, intent.organization_id


def new_external_id() -> str:
    """An id that no other submission has, ordered by time: ``cb-`` and a UUID of version 7 (RFC 9562, 5.7)."""
    milliseconds = time.time_ns() // 1_000_000
    value = milliseconds << 80 | int.from_bytes(os.urandom(10))
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return f"cb-{uuid.UUID(int=value)}"


def _key(external_id: str) -> str:
    """The id as a header can hold it, no two alike: with percent signs, where it has any or a server would cut it."""
    is_plain = external_id.isascii() and external_id == external_id.strip() and "%" not in external_id
    return external_id if is_plain else quote(external_id)
