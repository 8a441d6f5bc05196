from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chamber.core import JobClass, JobStatus, ValidationError
from chamber.core.wire import encode_body, encode_query

ENDLESS: dict[str, object] = {}
ENDLESS["self"] = ENDLESS


@pytest.mark.parametrize(
    ("given_", "query"),
    [
        (None, ""),
        ({}, ""),
        ({"a": None}, ""),
        ({"a": "x", "b": None, "c": 3}, "a=x&c=3"),
        ({"a": ""}, "a="),
        ({"a": True, "b": False}, "a=true&b=false"),
        ({"a": 0, "b": 0.5}, "a=0&b=0.5"),
        ({"a": ["x", "y"], "b": ("z",)}, "a=x%2Cy&b=z"),
        ({"a": [JobStatus.RUNNING, JobStatus("odd")]}, "a=RUNNING%2Codd"),
        ({"a": JobClass.ELASTIC}, "a=ELASTIC"),
        ({"a": "é &=#+%/"}, "a=%C3%A9+%26%3D%23%2B%25%2F"),
        ({"a": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)}, "a=2026-01-02T03%3A04%3A05Z"),
        ({"a": datetime(2026, 1, 2, 4, 4, 5, tzinfo=timezone(timedelta(hours=1)))}, "a=2026-01-02T03%3A04%3A05Z"),
        ({"a": datetime(2026, 1, 2, 3, 4, 5)}, "a=2026-01-02T03%3A04%3A05Z"),
    ],
)
def test_a_query_is_written_as_the_api_reads_it(given_, query):
    assert encode_query(given_) == query


def test_a_body_leaves_out_what_is_not_given_and_keeps_what_the_user_wrote():
    body = {
        "a": None,
        "status": JobStatus.RUNNING,
        "job_class": JobClass("odd"),
        "at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        "metadata": {"camelCase": None, "snake_case": [1, None]},
    }
    assert json.loads(encode_body(body)) == {
        "status": "RUNNING",
        "job_class": "odd",
        "at": "2026-01-02T03:04:05Z",
        "metadata": {"camelCase": None, "snake_case": [1, None]},
    }


@pytest.mark.parametrize(
    "value",
    [
        object(),
        {1, object()},
        {("a", "b"): 1},
        ENDLESS,
        "\ud800",
        {"\udfff": 1},
        float,
        datetime.min.replace(tzinfo=timezone(timedelta(hours=5))),
    ],
    ids=["object", "set", "key", "endless", "surrogate", "surrogate key", "type", "time"],
)
def test_what_json_cannot_say_is_refused(value):
    with pytest.raises(ValidationError, match="cannot be written"):
        encode_body({"metadata": value})


@pytest.mark.parametrize(
    "value", ["\ud800", ["a", "\udfff"], datetime.min.replace(tzinfo=timezone(timedelta(hours=5)))]
)
def test_what_a_query_cannot_say_is_refused(value):
    with pytest.raises(ValidationError, match="cannot be written"):
        encode_query({"query": value})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {"a": [float("-inf")]}])
def test_a_number_that_json_does_not_have_is_refused_and_not_made_null(value):
    with pytest.raises(ValidationError, match="cannot be written"):
        encode_body({"metadata": {"loss": value}})


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.none() | st.booleans() | st.lists(st.text())))
def test_any_parameters_make_a_query_or_an_error_of_ours(parameters):
    try:
        query = encode_query(parameters)
    except ValidationError:
        return
    assert query.isascii()
    assert not set(query) & set(" #\r\n/?")
