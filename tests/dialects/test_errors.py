"""Errors in every form in which the API, or what stands before it, tells them."""

import pickle

import pytest
from calls import CALLS

from chamber.core import (
    AuthenticationError,
    AuthorizationError,
    ConflictError,
    NotFoundError,
    RateLimitError,
    RedirectRefused,
    ResponseError,
    ServerError,
    SubmissionUnknownError,
    ValidationError,
    WaitTimeout,
)
from chamber.core.testing import RecordingTransport, Reply

CALL = "GET workloads/wl_1"
DETAIL = {"field": "limit", "message": "is 1 to 100"}

#: Body → code, message, details and request id that it tells.
FORMS = {
    "documented": (
        {"error": {"code": "X", "message": "no", "details": [DETAIL]}, "request_id": "req_1"},
        ("X", "no", (DETAIL,), "req_1"),
    ),
    "documented, no details": ({"error": {"code": "X", "message": "no"}}, ("X", "no", (), None)),
    "documented, nulls": (
        {"error": {"code": None, "message": "no", "details": None}, "request_id": None},
        (None, "no", (), None),
    ),
    "documented, a detail alone": ({"error": {"message": "no", "details": DETAIL}}, (None, "no", (DETAIL,), None)),
    "documented, facts outside": (
        {"error": {"message": "no"}, "code": "X", "details": ["d"], "requestId": "req_1"},
        ("X", "no", ("d",), "req_1"),
    ),
    "documented, request id inside": ({"error": {"message": "no", "request_id": "r"}}, (None, "no", (), "r")),
    "legacy message": ({"message": "no"}, (None, "no", (), None)),
    "legacy error": ({"error": "no"}, (None, "no", (), None)),
    "legacy error and code": ({"error": "no", "code": "X", "requestId": "r"}, ("X", "no", (), "r")),
    "no error beside a message": ({"error": None, "message": "no"}, (None, "no", (), None)),
    "problem details": ({"type": "about:blank", "detail": "no"}, (None, "no", (), None)),
    "details of a validator": ({"detail": [DETAIL]}, (None, None, (DETAIL,), None)),
    "errors": ({"errors": ["a", "b"], "message": "no"}, (None, "no", ("a", "b"), None)),
    "a text": ("no", (None, "no", (), None)),
    "a list": (["no", DETAIL], (None, "no", ("no", DETAIL), None)),
    "an empty list": ([], (None, None, (), None)),
    "an empty object": ({}, (None, None, (), None)),
    "null": (None, (None, None, (), None)),
    "a number": (5, (None, None, (), None)),
    "a message that is no text": ({"message": {"a": 1}, "code": 5}, (None, None, ({"a": 1},), None)),
    "nothing": (b"", (None, None, (), None)),
    "HTML": (b"<html><body><h1>502 Bad Gateway</h1></body></html>", (None, None, (), None)),
    "plain text": (b"upstream timed out", (None, None, (), None)),
    "broken JSON": (b'{"error": {"code": "X"', (None, None, (), None)),
    "bad UTF-8": (b'{"message": "\xff\xfe"}', (None, None, (), None)),
    "nested without end": (b'{"error":' * 100_000 + b"1" + b"}" * 100_000, (None, None, (), None)),
}

KINDS = {
    302: RedirectRefused,
    400: ValidationError,
    401: AuthenticationError,
    403: AuthorizationError,
    404: NotFoundError,
    409: ConflictError,
    418: ResponseError,
    422: ValidationError,
    429: RateLimitError,
    500: ServerError,
    503: ServerError,
    599: ServerError,
}


def refused(client_of, status, body, headers=None):
    transport = RecordingTransport({CALL: Reply(status, body, headers or {})})
    with pytest.raises(ResponseError) as caught:
        client_of(transport).get_workload("wl_1")
    return caught.value


@pytest.mark.parametrize(("body", "told"), FORMS.values(), ids=FORMS)
def test_every_form_of_body_is_read_for_what_it_tells(client_of, body, told):
    code, message, details, request_id = told
    error = refused(client_of, 400, body)
    assert (error.code, error.details) == (code, details)
    assert error.request_id == request_id or request_id is None
    assert error.message == f"The API answered 400{f': {message}' if message else ''}; correct the request"


@pytest.mark.parametrize(("status", "kind"), KINDS.items())
@pytest.mark.parametrize("form", ["documented", "legacy message", "HTML", "nothing", "a list"])
def test_every_status_has_its_class_whatever_the_body_is(client_of, status, kind, form):
    error = refused(client_of, status, FORMS[form][0])
    assert type(error) is kind
    assert (error.status_code, error.method, error.url) == (status, "GET", "https://chamber.test/v1/workloads/wl_1")


def test_the_request_id_of_the_header_serves_where_the_body_has_none(client_of):
    assert refused(client_of, 404, b"", {"X-Request-Id": "req_h"}).request_id == "req_h"
    assert refused(client_of, 404, {"request_id": "req_b"}, {"X-Request-Id": "req_h"}).request_id == "req_b"


def test_a_text_says_where_it_happened(client_of):
    error = refused(client_of, 404, FORMS["documented"][0])
    assert str(error) == (
        "The API answered 404: no; check the id, and that this token may see it "
        "(GET https://chamber.test/v1/workloads/wl_1, request req_1)"
    )


def test_a_long_message_is_cut(client_of):
    assert len(refused(client_of, 400, {"message": "x" * 100_000}).message) < 2100


def test_an_error_survives_pickling(client_of):
    error = refused(client_of, 400, FORMS["documented"][0])
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), vars(again), str(again)) == (type(error), vars(error), str(error))


@pytest.mark.parametrize("call", CALLS, ids=[call.operation for call in CALLS])
@pytest.mark.parametrize("form", ["documented", "HTML", "nothing", "a text", "a list"])
def test_every_operation_tells_of_a_refusal(client_of, call, form):
    transport = RecordingTransport({call.endpoint: Reply(403, FORMS[form][0]), "GET workloads/wl_1_b": Reply(403)})
    if call.endpoint != "GET workloads/wl_1":
        transport.replies["GET workloads/wl_1"] = Reply(403)
    with pytest.raises(AuthorizationError):
        call.of(client_of(transport))


@pytest.mark.parametrize("call", CALLS, ids=[call.operation for call in CALLS])
def test_every_operation_tells_of_a_failure(client_of, call):
    transport = RecordingTransport({call.endpoint: Reply(500, b"<html>")})
    with pytest.raises((ServerError, SubmissionUnknownError, WaitTimeout)) as caught:
        call.of(client_of(transport))
    assert isinstance(caught.value, ServerError) or isinstance(caught.value.__cause__, ServerError)
