"""Rows that are read together are what each is by itself, and no key is there twice, however it is looked for."""

import json

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chamber.core.models import Workload
from chamber.core.wire import Answer, decode
from chamber.core.wire.answers import _NamedTwice, _twice_named
from chamber.core.wire.decoding import NotUnderstood, _shaped
from chamber.core.wire.rows import alike
from chamber.core.wire.spelling import spelling

ROW = {"id": "wl_1", "name": "train", "status": "RUNNING"}
VALUES = {
    "id": st.sampled_from(["wl_1", "", None, 7]),
    "workload_id": st.sampled_from(["wl_2", "", None]),
    "name": st.sampled_from(["train", "", None]),
    "status": st.sampled_from(["RUNNING", "completed", "paused", "", None, 3]),
    "jobClass": st.sampled_from(["ELASTIC", "", None]),
    "priority": st.sampled_from([5, "5", 1.0, 1.5, "", None]),
    "requestedGpus": st.sampled_from([2, 0.5, "2", "", None, "many"]),
    "requested_gpus": st.sampled_from([4, None]),
    "submittedAt": st.sampled_from(
        ["2026-01-01T00:00:00Z", "2026-01-01T02:00:00+02:00", "2026-01-01T00:00:00", "", None]
    ),
    "metadata": st.sampled_from([{}, {"a": 1}, None, "", []]),
    "failureReason": st.sampled_from(["no memory", "", None]),
    "extra": st.sampled_from([1, {"a": 2}]),
    "unheard_of": st.sampled_from(["", None, {"a": [1]}]),
}


@st.composite
def rows_of_one_shape(draw):
    keys = draw(st.lists(st.sampled_from([key for key in VALUES if key not in ROW]), unique=True, max_size=6))
    return [
        {key: draw(VALUES[key]) for key in (*ROW, *keys)} for _ in range(draw(st.integers(min_value=1, max_value=3)))
    ]


@given(rows_of_one_shape())
@example([{**ROW, "metadata": None}])
def test_rows_read_together_are_what_each_is_by_itself(rows):
    together = alike(rows, Workload)
    if together is not None:
        assert together == [msgspec.convert(_shaped(row, Workload), Workload, strict=False) for row in rows]


@pytest.mark.parametrize("extra", [{}, {"jobClass": "ELASTIC", "metadata": None}, {"unheard_of": {"a": 1}}])
def test_the_rows_of_a_listing_are_read_together(extra):
    assert alike([{**ROW, **extra}, {**ROW, **extra}], Workload) is not None


@pytest.mark.parametrize(
    "rows", [[], [ROW, {**ROW, "priority": 1}], [ROW, 5], [{"id": "a"}], [{**ROW, "id": ""}], [{**ROW, "status": ""}]]
)
def test_other_rows_are_looked_at_one_by_one(rows):
    assert alike(rows, Workload) is None


def test_what_one_by_one_is_refused_is_refused_in_a_page():
    with pytest.raises(NotUnderstood):
        _shaped({**ROW, "id": None}, Workload)
    assert alike([ROW, {**ROW, "id": None}], Workload) is None


def test_what_is_not_known_is_kept_as_it_came():
    (workload,) = alike([{**ROW, "unheardOf": None, "more": [1]}], Workload)
    assert workload.extra == {"unheardOf": None, "more": [1]}


def test_a_field_that_cannot_be_null_has_no_default_to_be_mistaken_for():
    assert {"id", "name", "status", "metadata", "tags"} <= spelling(Workload).sure


NAMES = st.sampled_from(["a", "b", "id", "a b", ":", '":', "null"])
GAPS = st.sampled_from(["", " ", "\n", "\t", "\r\n"])


def objects(values):
    """The text of an object that may name a key twice, with blanks anywhere."""
    pair = st.tuples(NAMES, GAPS, GAPS, values).map(lambda p: f"{json.dumps(p[0])}{p[1]}:{p[2]}{p[3]}")
    return st.lists(pair, max_size=4).map(lambda pairs: "{" + ",".join(pairs) + "}")


def lists(values):
    return st.lists(values, max_size=10).map(lambda items: "[" + ",".join(items) + "]")


TEXTS = st.sampled_from(['"x"', '"\\":"', '" :"', '"{"', '":"', "1", "null", "true"])
BODIES = st.recursive(TEXTS, lambda inner: objects(inner) | lists(inner), max_leaves=30)


@given(BODIES.filter(lambda body: body.startswith("{")))
@example('{"a":1,"a":1}')
@example('{"a" :1,"a":2}')
@example('{"a":[{"b":1,"b":2}]}')
def test_a_key_that_is_there_twice_is_never_understood(body):
    try:
        _twice_named.decode(body)
    except _NamedTwice:
        with pytest.raises(Exception, match="twice in one object"):
            decode(Answer(200, {}, body.encode(), "GET", "https://chamber.test/v1/x"), dict)
