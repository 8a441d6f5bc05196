"""What a submission asks, says and refuses, to the letter."""

from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from chamber.core import (
    AuthorizationError,
    ConfigurationError,
    IdempotencyConflict,
    PluginError,
    RateLimitError,
    SubmissionUnknownError,
    TransportError,
    ValidationError,
)
from chamber.core.journal import Journal
from chamber.core.settings import Settings
from chamber.core.submission import LARGEST_MANIFEST, Submission, checked, is_ambiguous, new_external_id
from chamber.core.testing import RecordingTransport, Reply, recorded_async_client

URL = "https://chamber.test/v1"
FIELDS = {"name": "train", "initiative_id": "team", "gpu_type": "H100", "external_id": "mine"}
JOB = {"id": "wl_1", "name": "train", "status": "pending", "external_id": "mine"}
BUSY = Reply(503, {}, {"Retry-After": "9"})
LEAST = {**FIELDS, "job_class": "ELASTIC", "scaling_mode": "GANG"}


def network(posts, searches=None, listed=None, **settings):
    """A transport on which only submissions, searches and listings are answered."""
    replies = {
        "POST workloads": posts,
        "POST workloads/search": {"items": []} if searches is None else searches,
        "GET workloads": {"workloads": []} if listed is None else listed,
    }
    return RecordingTransport(replies, Settings("ch.test-token", URL, **settings))


async def sent(transport, **options):
    """The job, or the error that the submission ended with."""
    try:
        return await Submission(transport, FIELDS, **options).send()
    except Exception as error:
        return error


async def test_a_job_is_looked_for_by_its_id_and_then_among_what_was_submitted_lately():
    transport = network([Reply(502), JOB])
    await sent(transport)
    search, listing = transport.calls[1:3]
    assert search.body == {"query": "mine", "page_size": 100, "sort_by": "submitted_at", "sort_order": "desc"}
    since = datetime(2025, 12, 31, 23, 55, tzinfo=UTC)
    asked = {name: value for name, value in listing.params.items() if not name.endswith(("date", "after"))}
    assert asked == {"limit": "100", "sort_order": "desc"}
    for name in ("start_date", "submitted_after"):
        assert datetime.fromisoformat(listing.params[name]) == since


async def test_both_requests_say_all_of_the_job():
    transport = network([Reply(502), JOB])
    await sent(transport)
    assert [call.body for call in transport.calls if call.path == "workloads" and call.body] == [FIELDS, FIELDS]


@pytest.mark.parametrize(
    ("external_id", "key"),
    [("mine", "mine"), ("a b/c", "a b/c"), (" a", "%20a"), ("a ", "a%20"), ("ä", "%C3%A4"), ("%20a", "%2520a")],
)
async def test_the_key_of_a_request_is_the_id_as_a_header_can_hold_it(external_id, key):
    transport = network([JOB])
    await Submission(transport, {**FIELDS, "external_id": external_id}).send()
    assert transport.calls[0].headers["Idempotency-Key"] == key


async def test_each_page_of_a_listing_is_of_the_same_listing():
    transport = network([Reply(502), JOB], listed=[{"workloads": [], "next_token": "2"}, {"workloads": []}])
    await sent(transport)
    first, second, *_ = (call.params for call in transport.calls if call.method == "GET")
    assert second == {**first, "next_token": "2"}


async def test_a_look_is_a_read_and_a_submission_a_write_that_is_not_repeated():
    transport = network([Reply(502), JOB])
    await sent(transport)
    assert [call.headers["X-Chamber-Attempt"] for call in transport.calls[:3]] == ["1/8", "1/5", "1/5"]


async def test_a_search_that_fails_is_made_again_and_one_that_is_refused_is_not():
    failing = network([Reply(502)], searches=[Reply(501), {"items": [JOB]}])
    assert (await sent(failing)).id == "wl_1"
    assert [call.path for call in failing.calls] == ["workloads", "workloads/search", "workloads/search"]
    refused = network([Reply(502)], searches=Reply(405, {}), listed={"workloads": [JOB]})
    assert (await sent(refused)).id == "wl_1"
    assert [call.path for call in refused.calls] == ["workloads", "workloads/search", "workloads"]


async def test_while_the_api_stays_away_it_is_asked_every_five_seconds():
    answers = [{"items": []}, {"items": []}, Reply(501), Reply(501), {"items": []}, Reply(501), {"items": [JOB]}]
    transport = network([Reply(502)], searches=answers)
    assert (await sent(transport)).id == "wl_1"
    assert transport.sleeps == [0.0, 1.0, 3.0, 8.0, 8.0, 0.0, 5.0]


@pytest.mark.parametrize("pause", [1.0, 5.0])
async def test_a_client_that_is_closed_between_two_looks_leaves_the_job_unknown_and_in_the_journal(monkeypatch, pause):
    transport = network([Reply(502)], searches=[Reply(501), {"items": []}])
    sleep = transport.clock.sleep

    async def closing(seconds):
        await sleep(seconds)
        if seconds == pause:
            await transport.close()

    monkeypatch.setattr(transport.clock, "sleep", closing)
    ended = await sent(transport)
    assert (type(ended), ended.status_code) == (SubmissionUnknownError, 502)
    assert [intent.external_id for intent in Journal().pending()] == ["mine"]


@pytest.mark.parametrize("away", [{"searches": BUSY}, {"listed": BUSY}])
async def test_a_look_is_repeated_in_the_time_of_the_submission(away):
    transport = network([Reply(502)], **away)
    assert isinstance(await sent(transport, timeout=15), SubmissionUnknownError)
    assert 5 <= transport.clock.time < 15


async def test_a_look_that_will_not_succeed_is_the_end():
    transport = network([Reply(502)], searches=Reply(405, {}), listed=Reply(403, {}))
    ended = await sent(transport)
    assert isinstance(ended, SubmissionUnknownError)
    assert isinstance(ended.__cause__, AuthorizationError)
    assert len(transport.calls) == 3


@pytest.mark.parametrize(
    ("told", "looks"),
    [
        (Reply(409, {"code": "IDEMPOTENCY_KEY_REUSED"}), True),
        (Reply(422, {"message": "this idempotency key was used"}), True),
        (Reply(422, {"code": "UNKNOWN_TEAM"}), False),
        (Reply(400, {"code": "IDEMPOTENCY_KEY_MALFORMED"}), False),
        (Reply(403, {"code": "IDEMPOTENCY_KEY_REUSED"}), False),
    ],
)
async def test_only_a_key_that_was_seen_before_is_a_refusal_after_which_the_job_is_looked_for(told, looks):
    transport = network([told], searches={"items": [JOB]})
    assert isinstance(await sent(transport), Exception) is not looks
    assert len(transport.calls) == (2 if looks else 1)


async def test_what_the_api_changed_of_a_job_under_its_id_is_no_conflict():
    found = await sent(network([Reply(502)], searches={"items": [{**JOB, "gpu_type": "H200", "initiative_id": "x"}]}))
    assert (found.gpu_type, found.reused) == ("H200", True)


async def test_what_is_unknown_is_about_the_last_request():
    ended = await sent(network([Reply(502), Reply(504)], listed=[{"workloads": []}] * 3 + [Reply(403, {})]))
    assert (type(ended), ended.status_code) == (SubmissionUnknownError, 504)


async def test_what_is_unknown_is_told_with_all_that_is_known_of_it():
    ended = await sent(network([Reply(502, {"message": "no"}, {"X-Request-Id": "req_9"})]), on_ambiguous="raise")
    assert isinstance(ended, SubmissionUnknownError)
    told = (ended.status_code, ended.request_id, ended.method, ended.url, ended.external_id)
    assert told == (502, "req_9", "POST", f"{URL}/workloads", "mine")
    assert ended.last_error is ended.__cause__
    assert ended.message == (
        f"The job may or may not have been submitted: {ended.last_error.message}. Ask "
        "client.resolve_submission('mine') before you submit it again"
    )


async def test_another_job_under_the_same_id_is_named():
    ended = await sent(network([Reply(502)], searches={"items": [{**JOB, "name": "other"}]}))
    assert isinstance(ended, IdempotencyConflict)
    assert ended.message == (
        "external_id 'mine' belongs to workload wl_1 (other), which is another job: "
        "submit this one under an external_id of its own"
    )


@pytest.mark.parametrize(
    ("timeout", "of_client", "longest"), [(None, None, 180), (None, 30, 30), (12, 30, 12), (40, 30, 40)]
)
async def test_a_submission_takes_no_longer_than_its_time(timeout, of_client, longest):
    transport = network([Reply(502)], searches=Reply(501), timeout=of_client)
    assert isinstance(await sent(transport, timeout=timeout), SubmissionUnknownError)
    assert longest - 5 <= transport.clock.time < longest


@pytest.mark.parametrize(("timeout", "of_client"), [(15, None), (15, 90), (35, 5)])
async def test_a_request_that_is_not_let_in_is_repeated_in_the_time_of_the_submission(timeout, of_client):
    transport = network([Reply(429, {}, {"Retry-After": "9"})], timeout=of_client)
    assert isinstance(await sent(transport, timeout=timeout), RateLimitError)
    assert timeout - 10 <= transport.clock.time < timeout


@pytest.mark.parametrize("timeout", [0, float("nan")])
def test_a_time_that_is_none_is_refused_at_once(timeout):
    with pytest.raises(ConfigurationError):
        Submission(network([JOB]), FIELDS, timeout=timeout)


async def unacknowledged(age=timedelta()):
    """What a submission left of which nobody knows what became of it, and which was begun so long ago."""
    await sent(network([Reply(502)]), on_ambiguous="raise")
    (intent,) = Journal().pending()
    Journal().write(msgspec.structs.replace(intent, time=intent.time - age)).release()
    return intent


async def test_an_intent_says_what_was_to_be_submitted_where_and_when_and_by_what():
    await sent(network([Reply(502)], organization_id="org"), on_ambiguous="raise", digest="d")
    (intent,) = Journal().pending()
    assert (intent.external_id, intent.name, intent.api_url, intent.organization_id, intent.digest) == (
        *("mine", "train", URL, "org", "d"),
    )
    assert intent.time == datetime(2026, 1, 1, tzinfo=UTC)


async def test_the_payload_of_an_intent_is_that_of_the_job_whatever_its_id():
    payloads = []
    for fields in (FIELDS, {**FIELDS, "external_id": "other"}, {**FIELDS, "gpu_type": "A100", "external_id": "third"}):
        with pytest.raises(SubmissionUnknownError):
            await Submission(network([Reply(502)]), fields, on_ambiguous="raise").send()
        payloads.append(Journal().find(fields["external_id"]).payload)
    assert payloads[0] == payloads[1] != payloads[2]


async def test_what_was_not_acknowledged_is_told_by_its_time():
    await unacknowledged()
    ended = await sent(network([JOB]), on_ambiguous="raise")
    assert ended.last_error.message == "the submission of 2026-01-01 00:00:00 UTC was not acknowledged"
    assert isinstance(ended.last_error, TransportError)


async def test_what_was_not_acknowledged_is_unknown_while_it_cannot_be_looked_for():
    await unacknowledged()
    ended = await sent(network([], searches=Reply(405, {}), listed=Reply(403, {})))
    assert ended.last_error.message == "the submission of 2026-01-01 00:00:00 UTC was not acknowledged"


async def test_a_job_of_which_nothing_was_kept_is_looked_for_among_all():
    transport = network([], listed={"workloads": [JOB]})
    assert (await recorded_async_client(transport).resolve_submission("mine")).id == "wl_1"
    assert transport.calls[-1].params == {"limit": "100", "sort_order": "desc"}


@pytest.mark.parametrize(("seconds", "told"), [(295, False), (296, False), (297, True)])
async def test_after_five_minutes_a_refusal_is_about_all_requests(seconds, told):
    """The three looks take four seconds, and as long again after the refusal."""
    await unacknowledged(timedelta(seconds=seconds - 4))
    ended = await sent(network([Reply(403, {})]))
    assert isinstance(ended, AuthorizationError) is told
    assert len(Journal().pending()) == (0 if told else 1)


async def test_a_run_takes_up_its_job_whatever_it_was_called_with():
    await unacknowledged()
    (intent,) = Journal().pending()
    entry = Journal().claim("mine")
    again = Submission(network([], searches={"items": [JOB]}), {**FIELDS, "gpu_type": "A100"}, digest="d")
    assert (await again.resume(entry)).id == "wl_1"
    assert intent not in Journal().pending()


def test_an_id_is_a_uuid_of_version_7_of_this_millisecond():
    before = time.time_ns() // 1_000_000
    made = new_external_id()
    after = time.time_ns() // 1_000_000
    value = uuid.UUID(made.removeprefix("cb-"))
    assert (value.version, value.variant) == (7, uuid.RFC_4122)
    assert before <= value.int >> 80 <= after


def test_the_random_bits_of_ids_are_all_used():
    values = [uuid.UUID(new_external_id().removeprefix("cb-")).int for _ in range(200)]
    random = [*range(62), *range(64, 76)]
    assert all({value >> bit & 1 for value in values} == {0, 1} for bit in random)


@pytest.mark.parametrize(
    "fits",
    [
        {"name": "x" * 255},
        {"requested_gpus": 0},
        {"requested_gpus": 0.5},
        {"priority": 0},
        {"priority": 100},
        {"external_id": "x"},
        {"external_id": "x" * 255},
        {"k8s_manifest": "x"},
        {"k8s_manifest": "x" * LARGEST_MANIFEST},
        {"distribution_mode": "auto"},
        {"distribution_mode": "manual"},
        {"gpus_per_pod": 1, "requested_pods": 1, "min_pods": 1},
    ],
)
def test_what_the_api_takes_is_sent(fits):
    assert checked({**LEAST, **fits}).items() >= fits.items()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 256),
        ("name", None),
        ("initiative_id", None),
        ("initiative_id", 7),
        ("gpu_type", None),
        ("gpu_type", 7),
        ("requested_gpus", -0.1),
        ("requested_gpus", "1"),
        ("priority", -1),
        ("priority", 101),
        ("priority", 0.5),
        ("external_id", " "),
        ("external_id", "x" * 256),
        ("external_id", "a\nb"),
        ("k8s_manifest", ""),
        ("k8s_manifest", "x" * 65_537),
        ("distribution_mode", "none"),
        ("gpus_per_pod", 0),
        ("requested_pods", 0),
        ("min_pods", 0),
        ("min_pods", 1.5),
        ("job_class", "SPOT"),
        ("scaling_mode", "NONE"),
    ],
)
def test_what_the_api_does_not_take_is_refused_by_name(field, value):
    with pytest.raises(ValidationError, match=rf"^{field} (is|has) "):
        checked({**LEAST, field: value})


def test_what_the_api_has_words_for_is_said_in_these_words():
    said = checked({**LEAST, "job_class": "reserved", "scaling_mode": "gang"})
    assert (said["job_class"], said["scaling_mode"]) == ("RESERVED", "GANG")
    assert checked(FIELDS).items() >= {"job_class": None, "scaling_mode": None}.items()


@pytest.mark.parametrize(
    ("status", "ambiguous"), [(None, False), (400, False), (499, False), (200, True), (399, True), (500, True)]
)
def test_a_plugin_that_fails_after_an_answer_leaves_what_the_answer_said(status, ambiguous):
    error = PluginError("the plugin failed")
    error.status_code = status
    assert is_ambiguous(error) is ambiguous


async def test_a_job_that_the_second_request_left_is_found():
    transport = network([Reply(502)], searches=[{"items": []}] * 3 + [{"items": [JOB]}])
    found = await sent(transport)
    assert (found.id, found.reused) == ("wl_1", True)
    assert sum(call.method == "POST" and call.path == "workloads" for call in transport.calls) == 2


async def test_a_job_that_was_found_is_told_in_the_log(caplog):
    with caplog.at_level("INFO"):
        await sent(network([Reply(502)], searches={"items": [JOB]}))
    told = [record.getMessage() for record in caplog.records]
    assert "event='submission found' external_id='mine' workload_id='wl_1'" in told


@pytest.mark.parametrize("external_id", ["", "x" * 256, "a\nb", "\ud800", 7])
async def test_what_cannot_have_been_an_id_is_not_resolved(external_id):
    with pytest.raises(ValidationError, match="external_id"):
        await recorded_async_client(network([])).resolve_submission(external_id)


@pytest.mark.parametrize("external_id", [None, ""])
def test_a_submission_without_an_id_gets_one(external_id):
    assert checked({**LEAST, "external_id": external_id})["external_id"].startswith("cb-")
