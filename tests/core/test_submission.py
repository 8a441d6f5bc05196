"""A job is submitted once: what is sent, looked for, written down and told after each kind of failure."""

from __future__ import annotations

import asyncio
import stat
import subprocess
import sys
import threading
from datetime import UTC, datetime

import msgspec
import pytest

from chamber.core import (
    ConfigurationError,
    ConflictError,
    IdempotencyConflict,
    ServerError,
    SubmissionUnknownError,
    TransportError,
    ValidationError,
)
from chamber.core.journal import Intent, Journal, payload_hash
from chamber.core.portal import in_caller
from chamber.core.submission import new_external_id
from chamber.core.testing import RecordingTransport, Reply, recorded_async_client, recorded_client

JOB = {"id": "wl_1", "name": "train", "status": "pending", "external_id": "mine"}
OTHER = {"id": "wl_0", "name": "train", "status": "pending", "external_id": "mine-too"}
NOTHING = {"items": []}
NONE_LISTED = {"workloads": []}


def lost(sent: bool) -> TransportError:
    error = TransportError("the connection broke off")
    error.sent = sent
    return error


def submit(posts, searches=NOTHING, listed=NONE_LISTED, **options):
    """The transport after a submission, and the workload or the error that it ended with."""
    replies = {"POST workloads": posts, "POST workloads/search": searches, "GET workloads": listed}
    transport = RecordingTransport(replies)
    with recorded_client(transport) as client:
        try:
            ended = client.submit_job("train", "team", "H100", external_id="mine", **options)
        except Exception as error:
            ended = error
    return transport, ended


def posts(transport) -> int:
    return sum(call.method == "POST" and call.path == "workloads" for call in transport.calls)


AMBIGUOUS = {
    "a lost connection": lost(sent=True),
    "408": Reply(408, {}),
    "425": Reply(425, {}),
    "500": Reply(500),
    "502": Reply(502, b"<html>"),
    "503 with Retry-After": Reply(503, {}, {"Retry-After": "1"}),
    "504": Reply(504),
    "HTML": Reply(201, b"<html>welcome</html>"),
    "an empty answer": Reply(201, b""),
    "no workload": Reply(201, {"data": {}}),
    "a redirect": Reply(302, {}),
}


@pytest.mark.parametrize("fault", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_a_job_that_may_have_arrived_is_looked_for_and_not_sent_again(fault):
    transport, ended = submit([fault], searches={"items": [OTHER, JOB]})
    assert ended.id == "wl_1"
    assert posts(transport) == 1


def test_a_search_that_does_not_know_external_ids_is_helped_by_the_listing():
    transport, ended = submit([Reply(502)], listed={"workloads": [OTHER, JOB]})
    assert ended.id == "wl_1"
    assert transport.calls[-1].params["submitted_after"] == transport.calls[-1].params["start_date"]


def test_a_server_that_cannot_search_is_listed():
    assert submit([Reply(502)], searches=Reply(404, {}), listed={"workloads": [JOB]})[1].id == "wl_1"


def test_the_listing_is_followed_to_its_end():
    pages = [{"workloads": [OTHER], "next_token": "2"}, {"workloads": [JOB]}]
    transport, ended = submit([Reply(502)], listed=pages)
    assert ended.id == "wl_1"
    assert transport.calls[-1].params["next_token"] == "2"


def test_three_looks_in_vain_are_followed_by_one_more_submission_with_the_same_id():
    transport, ended = submit([Reply(502), JOB])
    assert ended.id == "wl_1"
    first, second = (call for call in transport.calls if call.path == "workloads" and call.method == "POST")
    assert first.body == second.body
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"] == "mine"
    assert transport.clock.sleeps == [0.0, 1.0, 3.0]


def test_a_job_that_appears_late_is_found():
    transport, ended = submit([Reply(502)], searches=[NOTHING, NOTHING, {"items": [JOB]}])
    assert ended.id == "wl_1"
    assert (posts(transport), transport.clock.sleeps) == (1, [0.0, 1.0, 3.0])


def test_it_is_never_sent_a_third_time():
    transport, ended = submit([Reply(502)])
    assert isinstance(ended, SubmissionUnknownError)
    assert (ended.external_id, posts(transport)) == ("mine", 2)
    assert isinstance(ended.last_error, ServerError)
    assert "resolve_submission('mine')" in str(ended)


def test_a_refusal_of_the_second_submission_leaves_the_first_unknown():
    transport, ended = submit([Reply(502), Reply(403, {})])
    assert isinstance(ended, SubmissionUnknownError)
    assert posts(transport) == 2


def test_the_caller_can_have_no_second_submission():
    transport, ended = submit([Reply(502)], on_ambiguous="raise")
    assert isinstance(ended, SubmissionUnknownError)
    assert [call.path for call in transport.calls] == ["workloads"]


def test_what_certainly_did_not_arrive_is_sent_again_without_a_look():
    transport, ended = submit([lost(sent=False), Reply(429, {}), JOB])
    assert ended.id == "wl_1"
    assert [call.path for call in transport.calls] == ["workloads"] * 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_a_refusal_is_told_at_once_and_forgotten(status):
    transport, ended = submit([Reply(status, {})])
    assert ended.status_code == status
    assert len(transport.calls) == 1
    assert Journal().pending() == []


def test_a_look_that_fails_is_made_again():
    transport, ended = submit(
        [Reply(502)], searches=[Reply(404, {})], listed=[Reply(200, b"<html>"), {"workloads": [JOB]}]
    )
    assert ended.id == "wl_1"
    assert posts(transport) == 1


def test_an_api_that_stays_away_leaves_the_job_unknown_within_the_deadline():
    transport, ended = submit([lost(sent=True)], searches=lost(sent=False), listed=lost(sent=False), timeout=60)
    assert isinstance(ended, SubmissionUnknownError)
    assert posts(transport) == 1
    assert transport.clock.time <= 60


def test_a_key_that_is_under_way_is_waited_for():
    under_way = Reply(409, {"error": {"code": "IDEMPOTENCY_KEY_IN_PROGRESS", "message": "wait"}})
    transport, ended = submit([under_way, JOB])
    assert (ended.id, posts(transport)) == ("wl_1", 2)


@pytest.mark.parametrize("status", [409, 422])
def test_a_key_that_the_api_has_seen_leads_to_the_job_it_stands_for(status):
    seen = Reply(status, {"error": {"code": "IDEMPOTENCY_KEY_REUSED", "message": "seen"}})
    assert submit([seen], searches={"items": [JOB]})[1].id == "wl_1"


def test_a_key_that_stands_for_another_job_is_a_conflict():
    another = {**JOB, "name": "another"}
    ended = submit([Reply(409, {"error": {"code": "IDEMPOTENCY_KEY_REUSED"}})], searches={"items": [another]})[1]
    assert isinstance(ended, IdempotencyConflict)
    assert "wl_1" in str(ended)


def test_a_conflict_about_anything_else_is_told():
    ended = submit([Reply(409, {"error": {"code": "QUOTA", "message": "full"}})])[1]
    assert type(ended) is ConflictError


def test_an_unknown_submission_stays_in_the_journal_until_it_is_resolved():
    assert isinstance(submit([Reply(502)])[1], SubmissionUnknownError)
    (intent,) = Journal().pending()
    assert (intent.external_id, intent.name, intent.api_url) == ("mine", "train", "https://chamber.test/v1")
    transport = RecordingTransport({"POST workloads/search": {"items": [JOB]}, "GET workloads": NONE_LISTED})
    with recorded_client(transport) as client:
        assert client.resolve_submission("mine").id == "wl_1"
    assert Journal().pending() == []


def test_resolving_what_nobody_has_is_none_and_keeps_the_intent():
    submit([Reply(502)])
    with recorded_client(
        RecordingTransport({"POST workloads/search": NOTHING, "GET workloads": NONE_LISTED})
    ) as client:
        assert client.resolve_submission("mine") is None
    assert len(Journal().pending()) == 1


def test_an_acknowledged_submission_leaves_nothing_behind():
    assert submit([JOB])[1].id == "wl_1"
    assert Journal().pending() == []


def test_the_intent_is_on_disk_before_the_request_is_sent(monkeypatch):
    seen = []
    send = RecordingTransport._send

    async def looking(self, request, timeout):
        seen.append([intent.external_id for intent in Journal().pending()])
        return await send(self, request, timeout)

    monkeypatch.setattr(RecordingTransport, "_send", looking)
    submit([JOB])
    assert seen == [["mine"]]


def test_the_journal_is_private_and_holds_no_secret(own_settings):
    submit([Reply(502)])
    (file,) = (own_settings / "submissions").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert b"ch.test-token" not in file.read_bytes()


def test_a_journal_that_cannot_be_written_keeps_nobody_from_submitting(own_settings):
    own_settings.mkdir()
    (own_settings / "submissions").write_text("a file where a folder should be")
    assert submit([JOB])[1].id == "wl_1"


def test_a_broken_intent_is_named(own_settings):
    submit([Reply(502)])
    (file,) = (own_settings / "submissions").iterdir()
    file.write_bytes(b"{")
    with pytest.raises(ConfigurationError, match=file.name):
        Journal().pending()


def test_intents_are_listed_oldest_first(own_settings):
    journal = Journal()
    for day, name in ((2, "b"), (1, "a"), (3, "c")):
        journal.write(Intent(name, "n", "h", "u", None, datetime(2026, 1, day, tzinfo=UTC)))
    assert [intent.external_id for intent in journal.pending()] == ["a", "b", "c"]


def test_the_payload_hash_depends_on_every_field_and_on_no_order():
    assert payload_hash({"a": 1, "b": 2}) == payload_hash({"b": 2, "a": 1}) != payload_hash({"a": 1, "b": 3})


def test_external_ids_are_new_and_in_order():
    ids = [new_external_id() for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert all(i.startswith("cb-") and i[17] == "7" and i[22] in "89ab" for i in ids)
    assert [i[:16] for i in ids] == sorted(i[:16] for i in ids)


def test_a_wish_that_is_none_is_refused_before_anything_is_sent():
    transport, ended = submit([JOB], on_ambiguous="hope")
    assert isinstance(ended, ValidationError)
    assert transport.calls == []


def test_a_killed_submission_is_found_in_the_journal_by_the_next_process(tmp_path):
    program = (
        "import os\n"
        "from chamber.core.testing import RecordingTransport, recorded_client\n"
        "class Killed(RecordingTransport):\n"
        "    async def _send(self, request, timeout): os.kill(os.getpid(), 9)\n"
        "with recorded_client(Killed()) as client: client.submit_job('train', 'team', 'H100', external_id='mine')\n"
    )
    environment = {"CHAMBER_CONFIG_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=False)
    assert done.returncode == -9
    (intent,) = Journal(tmp_path / "submissions").pending()
    assert intent.external_id == "mine"
    assert msgspec.json.decode(next((tmp_path / "submissions").iterdir()).read_bytes())["name"] == "train"


class Interrupted(RecordingTransport):
    """A network during which the user presses Ctrl-C."""

    async def _send(self, request, timeout):
        await in_caller(interrupt)


def interrupt():
    raise KeyboardInterrupt


def test_an_interrupted_submission_says_how_to_find_out_what_became_of_it():
    with recorded_client(Interrupted()) as client, pytest.raises(KeyboardInterrupt) as caught:
        client.submit_job("train", "team", "H100", external_id="mine")
    assert caught.value.__notes__ == ["The job may have been submitted: client.resolve_submission('mine') tells"]
    assert [intent.external_id for intent in Journal().pending()] == ["mine"]


def test_an_interrupted_read_has_nothing_to_say():
    with recorded_client(Interrupted()) as client, pytest.raises(KeyboardInterrupt) as caught:
        client.get_workload("wl_1")
    assert not hasattr(caught.value, "__notes__")


def resubmitted(posts, searches=NOTHING, listed=NONE_LISTED, **options):
    """As `submit`, after a submission of the same job of which nobody knows what became of it."""
    assert isinstance(submit([Reply(502)])[1], SubmissionUnknownError)
    return submit(posts, searches, listed, **options)


def test_an_unacknowledged_submission_under_the_same_id_is_looked_for_first():
    transport, ended = resubmitted([], searches={"items": [JOB]})
    assert (ended.id, ended.reused, posts(transport)) == ("wl_1", True, 0)
    assert Journal().pending() == []


def test_an_unacknowledged_submission_that_nobody_has_is_sent_under_the_same_id():
    transport, ended = resubmitted([JOB])
    assert (ended.id, ended.reused, posts(transport)) == ("wl_1", False, 1)
    assert [call.path for call in transport.calls] == ["workloads/search", "workloads"] * 3 + ["workloads"]
    assert Journal().pending() == []


def test_an_unacknowledged_submission_is_listed_since_it_was_first_sent():
    submit([Reply(502)])
    (intent,) = Journal().pending()
    Journal().write(msgspec.structs.replace(intent, time=datetime(2025, 12, 1, tzinfo=UTC))).release()
    transport, ended = submit([], listed={"workloads": [JOB]})
    assert ended.id == "wl_1"
    assert transport.calls[-1].params["submitted_after"].startswith("2025-11-30T23:55:00")


def test_an_unacknowledged_submission_of_another_payload_is_a_conflict_and_is_not_forgotten():
    transport, ended = resubmitted([], searches={"items": [JOB]}, requested_gpus=64)
    assert isinstance(ended, IdempotencyConflict)
    assert posts(transport) == 0


def test_the_caller_can_have_no_look_at_what_was_unacknowledged():
    transport, ended = resubmitted([], on_ambiguous="raise")
    assert isinstance(ended, SubmissionUnknownError)
    assert transport.calls == []
    assert len(Journal().pending()) == 1


def test_a_refusal_of_what_was_unacknowledged_for_long_is_told_and_ends_it():
    submit([Reply(502)])
    (intent,) = Journal().pending()
    Journal().write(msgspec.structs.replace(intent, time=datetime(2025, 12, 1, tzinfo=UTC))).release()
    transport, ended = submit([Reply(403, {})])
    assert ended.status_code == 403
    assert posts(transport) == 1
    assert Journal().pending() == []


def test_a_refusal_of_what_was_unacknowledged_for_a_moment_leaves_it_unknown():
    assert isinstance(resubmitted([Reply(403, {})])[1], SubmissionUnknownError)
    assert len(Journal().pending()) == 1


@pytest.mark.parametrize("other", [{"organization_id": "org"}, {"api_url": "https://chamber.test/v2"}])
def test_what_another_origin_or_organisation_has_under_the_same_id_is_not_looked_for(other):
    submit([Reply(502)])
    (intent,) = Journal().pending()
    Journal().write(msgspec.structs.replace(intent, **other)).release()
    transport, ended = submit([JOB])
    assert (ended.id, [call.path for call in transport.calls]) == ("wl_1", ["workloads"])


def test_what_another_process_submits_is_not_taken_up():
    submit([Reply(502)])
    with Journal().claim("mine"):
        transport, ended = submit([JOB])
    assert (ended.id, [call.path for call in transport.calls]) == ("wl_1", ["workloads"])


def test_what_was_found_says_so_and_what_was_sent_does_not():
    assert submit([Reply(502)], searches={"items": [JOB]})[1].reused
    assert not submit([JOB])[1].reused


def test_an_answer_about_another_job_acknowledges_nothing():
    transport, ended = submit([OTHER], searches={"items": [OTHER, JOB]})
    assert (ended.id, posts(transport)) == ("wl_1", 1)


def test_an_answer_that_does_not_tell_the_external_id_is_taken():
    answer = {name: value for name, value in JOB.items() if name != "external_id"}
    assert submit([answer])[1].id == "wl_1"


@pytest.mark.parametrize("told", [{"gpu_type": "A100"}, {"initiative_id": "other"}, {"requested_gpus": 8}])
def test_a_key_that_was_used_for_another_payload_is_a_conflict(told):
    seen = Reply(422, {"error": {"code": "IDEMPOTENCY_KEY_REUSED", "message": "seen"}})
    ended = submit([seen], searches={"items": [{**JOB, **told}]}, requested_gpus=1)[1]
    assert isinstance(ended, IdempotencyConflict)


@pytest.mark.parametrize("told", [{"gpu_type": "h100"}, {"requested_gpus": 1.0}, {"requested_gpus": None}])
def test_the_same_payload_in_other_words_is_no_conflict(told):
    seen = Reply(422, {"error": {"code": "IDEMPOTENCY_KEY_REUSED", "message": "seen"}})
    assert submit([seen], searches={"items": [{**JOB, **told}]}, requested_gpus=1)[1].id == "wl_1"


def test_a_listing_that_goes_round_in_circles_is_enough_beside_a_search_that_answers():
    round_and_round = {"workloads": [OTHER], "next_token": "2"}
    transport, ended = submit([Reply(502), JOB], listed=round_and_round)
    assert (ended.id, posts(transport)) == ("wl_1", 2)


def test_a_listing_that_goes_round_in_circles_proves_nothing_alone():
    round_and_round = {"workloads": [OTHER], "next_token": "2"}
    transport, ended = submit([Reply(502), JOB], searches=Reply(404, {}), listed=round_and_round, timeout=60)
    assert isinstance(ended, SubmissionUnknownError)
    assert posts(transport) == 1


def test_no_page_is_asked_for_after_the_one_that_has_the_job():
    transport, ended = submit([Reply(502)], listed={"workloads": [OTHER, JOB], "next_token": "2"})
    assert ended.id == "wl_1"
    assert sum(call.method == "GET" for call in transport.calls) == 1


def test_a_user_without_a_home_folder_can_submit(monkeypatch):
    def homeless():
        raise RuntimeError("no home")

    monkeypatch.delenv("CHAMBER_CONFIG_DIR")
    monkeypatch.setattr("pathlib.Path.home", homeless)
    transport = RecordingTransport({"POST workloads": JOB})
    assert asyncio.run(recorded_async_client(transport).submit_job("train", "team", "H100", external_id="mine")).id == (
        "wl_1"
    )


def test_looking_for_a_job_ends_within_the_time_of_the_whole_submission():
    class Slow(RecordingTransport):
        async def _send(self, request, timeout):
            await self.clock.sleep(min(20.0, timeout))
            return await super()._send(request, timeout)

    page = {"workloads": [OTHER], "next_token": "1"}
    pages = [{**page, "next_token": str(number)} for number in range(100)]
    transport = Slow({"POST workloads": Reply(502), "POST workloads/search": NOTHING, "GET workloads": pages})
    with recorded_client(transport) as client, pytest.raises(SubmissionUnknownError):
        client.submit_job("train", "team", "H100", external_id="mine", timeout=60)
    assert transport.clock.time <= 60.25


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), True, "60"])
def test_a_time_that_is_none_is_refused_before_anything_is_sent(timeout):
    transport, ended = submit([JOB], timeout=timeout)
    assert isinstance(ended, ConfigurationError)
    assert transport.calls == []


async def test_other_calls_go_on_while_the_journal_is_flushed(monkeypatch):
    went_on = threading.Event()
    flushed = []
    monkeypatch.setattr("os.fsync", lambda _: flushed.append(went_on.wait(30)))
    client = recorded_async_client(RecordingTransport({"POST workloads": JOB}))
    submitting = asyncio.ensure_future(client.submit_job("train", "team", "H100", external_id="mine"))
    await asyncio.sleep(0)
    went_on.set()
    assert (await submitting).id == "wl_1"
    assert flushed[0] is True


async def test_an_interpreter_that_starts_no_thread_any_more_keeps_the_intent_all_the_same(monkeypatch):
    async def exiting(*_):
        raise RuntimeError("cannot schedule new futures after interpreter shutdown")

    monkeypatch.setattr("asyncio.to_thread", exiting)
    transport = RecordingTransport({"POST workloads": lost(sent=True)})
    with pytest.raises(SubmissionUnknownError):
        await recorded_async_client(transport).submit_job("t", "team", "H100", external_id="mine", on_ambiguous="raise")
    assert [intent.external_id for intent in Journal().pending()] == ["mine"]
