"""An answer that is not understood is an error that says so, never an empty success."""

import json
import shutil

import pytest
from calls import CALLS, Call
from mixes import Mix
from subjects import ALLOCATION, CAPACITY, HEALTH, TEAM, WORKLOAD

from chamber.core import UnexpectedResponseError, Workload
from chamber.core.settings import home
from chamber.core.testing import RecordingTransport, Reply
from chamber.core.wire import Answer, decode


def _of(calls: list[Call]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("call", calls, ids=[call.operation for call in calls])


CALL = _of(CALLS)
ONE = _of([call for call in CALLS if not call.is_of_many])
MANY = _of([call for call in CALLS if call.is_of_many])
LISTED = _of([call for call in CALLS if call.shape not in {"one", "ranking"}])

#: No operation takes any of these for an answer.
NEVER = {
    "nothing": b"",
    "blanks": b" \n ",
    "null": b"null",
    "a number": b"3",
    "NaN": b"NaN",
    "infinity": b"[Infinity]",
    "true": b"true",
    "a text": b'"ok"',
    "an empty object": b"{}",
    "an empty envelope": b'{"data": {}}',
    "an envelope of null": b'{"data": null}',
    "an envelope of a text": b'{"data": "ok"}',
    "a list of null": b"[null]",
    "a list of numbers": b"[1, 2]",
    "a list in a list": b"[[]]",
    "another envelope": b'{"result": {"id": "x", "name": "n", "status": "RUNNING", "total": 1, "pools": []}}',
    "another list": b'{"invoices": []}',
    "an error under a success": b'{"error": {"code": "X", "message": "no"}}',
    "a message": b'{"message": "hello"}',
    "HTML": b"<!doctype html><html><title>Log in</title></html>",
    "cut off": b'{"data": {"workloads": [{"id": "wl_1", "na',
    "two values": b'{"id": "wl_1"}{"id": "wl_1"}',
    "bad UTF-8": b'{"id": "\xff", "name": "n", "status": "RUNNING", "workloads": [], "total": 1}',
    "a lone surrogate": b'{"id": "wl_1", "name": "\\ud800", "status": "RUNNING", "workloads": [], "total": 1}',
    "nested 100,000 deep": b'{"data":' * 100_000 + b"1" + b"}" * 100_000,
    "a list nested 100,000 deep": b"[" * 100_000 + b"]" * 100_000,
    "envelopes to the edge": b'{"data":' * 990 + b"1" + b"}" * 990,
    "a list in a string": b'"[]"',
    "compressed": b"\x1f\x8b\x08\x00",
    "UTF-16": '{"id": "wl_1"}'.encode("utf-16"),
}


def not_understood(client_of, call: Call, body: object) -> UnexpectedResponseError:
    shutil.rmtree(home() / "submissions", ignore_errors=True)  # or the next submission takes up the one before
    transport = RecordingTransport({call.endpoint: Reply(body=body, headers={"Content-Type": "application/json"})})
    with pytest.raises(UnexpectedResponseError) as caught:
        call.of(client_of(transport))
    return caught.value


def sound(call: Call) -> bytes:
    return json.dumps(call.body(Mix())).encode()


@CALL
@pytest.mark.parametrize("body", NEVER.values(), ids=NEVER)
def test_no_operation_takes_it_for_an_answer(client_of, call, body):
    error = not_understood(client_of, call, body)
    assert error.status_code == 200
    assert error.message.startswith("The API answered 200 with ")
    assert "Check that api_url is the URL of a Chamber API" in error.message


@CALL
def test_the_error_says_of_which_request(client_of, call):
    method, path = call.endpoint.split()
    error = not_understood(client_of, call, b"null")
    assert (error.method, error.url.partition("?")[0]) == (method, f"https://chamber.test/v1/{path}")


@CALL
def test_a_byte_order_mark_is_no_json(client_of, call):
    not_understood(client_of, call, b"\xef\xbb\xbf" + sound(call))


@CALL
def test_a_key_that_is_there_twice_is_no_answer(client_of, call):
    twice = b'{"x": 1, "x": 2, "data": ' + sound(call) + b"}"
    assert "names x twice in one object" in not_understood(client_of, call, twice).message


@CALL
def test_what_follows_an_answer_is_no_answer(client_of, call):
    not_understood(client_of, call, sound(call) + b"}")


@CALL
def test_each_thing_that_must_be_there_must(client_of, call):
    for name in call.subject.required:
        for nothing in ("missing", None):
            whole = json.loads(sound(call))
            thing = next(iter(whole.values()))[0] if call.is_of_many and isinstance(whole, dict) else whole
            thing = thing[0] if isinstance(thing, list) else thing
            if nothing == "missing":
                del thing[name]
            else:
                thing[name] = nothing
            if not _could_be_without(call, name):
                assert name in not_understood(client_of, call, whole).message


def _could_be_without(call: Call, name: str) -> bool:
    """Metrics need something that was measured, and no field of them alone."""
    return name in {"sample_count", "active_workloads"}


@MANY
def test_a_thing_in_the_place_of_a_list_is_no_answer(client_of, call):
    row = call.subject.fields
    key = call.envelopes[-1][-1]
    for body in (row, {"data": row}, {key: row}, {"data": {key: row}}, {key: None}, {key: 1}, {key: "none"}):
        not_understood(client_of, call, body)


@ONE
def test_a_list_in_the_place_of_a_thing_is_no_answer(client_of, call):
    row = call.subject.fields
    for body in ([], [row], {"data": []}, {"data": [row]}, {"items": [row]}):
        not_understood(client_of, call, body)


@MANY
def test_one_thing_that_is_not_understood_is_not_left_out_of_its_list(client_of, call):
    row = call.subject.fields
    for strange in (None, 5, [], {}, {"message": "hidden"}, {**row, "id": None}, {**row, "id": ""}, {**row, "id": 5}):
        not_understood(client_of, call, {key: [row, strange] for key in [call.envelopes[-1][-1]]})


@LISTED
def test_an_error_beside_an_empty_list_is_no_empty_list(client_of, call):
    key = call.envelopes[-1][-1]
    for body in ({key: [], "error": "down"}, {"data": {key: [], "error": {"code": "X"}}}):
        assert "error beside the list" in not_understood(client_of, call, body).message


WRONG_FIELDS = {
    "get_workload": [
        (WORKLOAD, name, value)
        for name, value in [
            ("id", 5),
            ("id", ""),
            ("id", ["wl_1"]),
            ("name", None),
            ("status", 5),
            ("status", ""),
            ("status", ["RUNNING"]),
            ("requested_gpus", "many"),
            ("requested_gpus", True),
            ("requested_gpus", {"min": 1}),
            ("priority", 50.5),
            ("submitted_at", "yesterday"),
            ("submitted_at", "2026-02-30T00:00:00Z"),
            ("submitted_at", "9999-12-31T23:59:59-05:00"),
            ("submitted_at", "0001-01-01T00:00:00+05:00"),
            ("tags", ["a"]),
            ("tags", "a=b"),
            ("metadata", 5),
            ("is_managed", "perhaps"),
        ]
    ],
    "get_team": [(TEAM, "name", 5), (TEAM, "tags", []), (TEAM, "created_at", "soon")],
    "get_allocation": [(ALLOCATION, "allocated_instances", "four"), (ALLOCATION, "status", 1)],
    "health": [(HEALTH, "status", True), (HEALTH, "timestamp", "now")],
    "get_capacity": [
        (CAPACITY, "pools", {}),
        (CAPACITY, "pools", [None]),
        (CAPACITY, "pools", [{"name": "without id"}]),
        (CAPACITY, "budget", 5),
        (CAPACITY, "budget", {"words": "nobody knows"}),
        (CAPACITY, "summary", []),
    ],
}


@pytest.mark.parametrize(
    ("operation", "subject", "name", "value"),
    [(operation, *row) for operation, rows in WRONG_FIELDS.items() for row in rows],
)
def test_a_field_of_another_kind_is_no_answer(client_of, operation, subject, name, value):
    call = next(call for call in CALLS if call.operation == operation)
    not_understood(client_of, call, {**subject.fields, name: value})


@pytest.mark.parametrize(
    "facts",
    [{"next_token": {"a": 1}}, {"next_token": ["a"]}, {"total_count": "many"}, {"total_count": []}],
)
def test_facts_of_a_page_that_are_none_are_no_answer(client_of, facts):
    call = next(call for call in CALLS if call.operation == "list_workloads")
    not_understood(client_of, call, {"workloads": [], "metadata": facts})


@pytest.mark.parametrize("facts", [{"has_more": "perhaps"}, {"next_cursor": {}}, {"returned_count": "all"}])
def test_facts_of_a_search_that_are_none_are_no_answer(client_of, facts):
    call = next(call for call in CALLS if call.operation == "search_workloads")
    not_understood(client_of, call, {"results": [], **facts})


def test_the_answer_is_shown_short(client_of):
    call = next(call for call in CALLS if call.operation == "get_workload")
    message = not_understood(client_of, call, b"<html>\n\n" + b"a" * 100_000).message
    assert "'<html> aaaa" in message
    assert len(message) < 500


@pytest.mark.parametrize("kind", [Workload, list[Workload], dict])
def test_no_depth_of_envelopes_is_too_deep_for_an_error_of_ours(kind):
    """JSON may be read to a greater depth than it can be gone through; how much greater differs between Pythons."""
    for depth in (*range(900, 1020), 3000, 9000):
        body = b'{"workload":' * depth + b"1" + b"}" * depth
        body = body.replace(b"workload", b"data") if kind is not Workload else body
        with pytest.raises(UnexpectedResponseError):
            decode(Answer(200, {}, b"[" + body + b"]" if kind is dict else body, "GET", "https://x"), kind)
