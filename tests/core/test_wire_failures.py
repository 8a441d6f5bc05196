from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chamber.core import RedirectRefused, ResponseError, ServerError
from chamber.core.errors import for_status
from chamber.core.wire import Answer, failure


def failed(body: Any, status: int = 400, headers: dict[str, str] | None = None) -> ResponseError:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return failure(Answer(status, headers or {}, raw, "POST", "https://api.example/v1/workloads", "asked-1"))


@pytest.mark.parametrize(
    ("body", "said", "code", "details"),
    [
        (
            {"error": {"code": "C", "message": "no", "details": ["a", {"f": 1}]}, "request_id": "r"},
            "no",
            "C",
            ("a", {"f": 1}),
        ),
        ({"error": {"code": "C", "message": "no", "details": None}}, "no", "C", ()),
        ({"error": {"code": "C", "message": "no", "details": {"f": 1}}}, "no", "C", ({"f": 1},)),
        ({"error": {"message": "no"}}, "no", None, ()),
        ({"error": {"message": {"deep": 1}}}, None, None, ({"deep": 1},)),
        ({"error": "Bad Request", "message": ["name is too long"]}, "Bad Request", None, ("name is too long",)),
        ({"message": "no"}, "no", None, ()),
        ({"message": "no", "code": "C"}, "no", "C", ()),
        ({"error": "no"}, "no", None, ()),
        ({"error": "no", "code": "C", "details": ["a"]}, "no", "C", ("a",)),
        ({"error": ""}, None, None, ()),
        ({"error": None, "message": "no"}, "no", None, ()),
        ({"error": "Bad Request", "message": "name is too long"}, "name is too long", None, ()),
        ({"detail": "no"}, "no", None, ()),
        (
            {"detail": [{"loc": ["body", "name"], "msg": "too long"}]},
            None,
            None,
            ({"loc": ["body", "name"], "msg": "too long"},),
        ),
        (
            {"errors": [{"message": "first"}, {"message": "second"}]},
            None,
            None,
            ({"message": "first"}, {"message": "second"}),
        ),
        ({"data": None, "error": {"code": "C", "message": "no"}}, "no", "C", ()),
        ("no", "no", None, ()),
        ([], None, None, ()),
        (None, None, None, ()),
        (7, None, None, ()),
        ({}, None, None, ()),
        (b"", None, None, ()),
        (b"<html><title>502</title></html>", None, None, ()),
        (b"no healthy upstream", None, None, ()),
        (b"\xff\xfe", None, None, ()),
        (b'{"error": {"message": "cut o', None, None, ()),
        (b"[" * 100_000, None, None, ()),
    ],
)
def test_an_error_body_of_every_form_is_told(body, said, code, details):
    error = failed(body)
    assert error.message == f"The API answered 400{f': {said}' if said else ''}; correct the request"
    assert (error.code, error.details, error.status_code) == (code, details, 400)
    assert (error.method, error.url) == ("POST", "https://api.example/v1/workloads")


@pytest.mark.parametrize(
    ("body", "headers", "request_id"),
    [
        ({"request_id": "r"}, {"X-Request-Id": "h"}, "r"),
        ({"requestId": "r"}, {}, "r"),
        ({"request_id": None}, {"X-Request-Id": "h"}, "h"),
        ({"request_id": 7}, {}, "asked-1"),
        (b"", {}, "asked-1"),
    ],
)
def test_the_request_id_is_the_one_of_the_body_then_of_the_header_then_the_one_that_was_sent(body, headers, request_id):
    assert failed(body, headers=headers).request_id == request_id


@pytest.mark.parametrize("status", range(300, 600))
def test_every_status_has_its_class_and_says_what_it_is(status):
    error = failed({"message": "no"}, status)
    assert type(error) is for_status(status)
    assert error.status_code == status
    assert str(status) in error.message
    assert isinstance(error, RedirectRefused) == (status < 400)
    assert isinstance(error, ServerError) == (status >= 500)


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (401, "check the token"),
        (403, "administrator"),
        (404, "check the id"),
        (429, "slow down"),
        (500, "call again later"),
    ],
)
def test_an_error_says_what_to_do(status, advice):
    assert advice in failed({}, status).message


def test_the_text_of_an_error_names_the_call():
    text = str(failed({"message": "no", "request_id": "r"}))
    assert text == ("The API answered 400: no; correct the request (POST https://api.example/v1/workloads, request r)")


def test_a_long_message_is_cut():
    assert len(failed({"message": "x" * 1_000_000}).message) < 2_100


@given(st.binary() | st.text().map(str.encode), st.integers(300, 599))
def test_any_body_makes_an_error_of_ours(body, status):
    assert failed(body, status).status_code == status
