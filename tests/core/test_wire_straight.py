"""A long list that is read straight from its bytes is what the careful way makes of it, or the same error."""

import json
import pickle
import re
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chamber.core import PaginatedResponse, UnexpectedResponseError, Workload, WorkloadSearchResult
from chamber.core.models import Capacity, Model
from chamber.core.wire import Answer, Unread, decode, straight
from chamber.core.wire.answers import parse
from chamber.core.wire.decoding import NotUnderstood, understood

LONG = "n" * 4096
DOCUMENTED = {
    "workload_id": "wl_1",
    "name": LONG,
    "status": "running",
    "gpu_count": 8,
    "submitted_at": "2026-01-02T03:04:05.5Z",
    "completed_at": None,
    "duration_seconds": 12,
    "tags": {"team": "ml", "list": [1, {}, []]},
    "is_managed": True,
}
LEGACY = {
    "id": "wl_1",
    "name": LONG,
    "status": "RUNNING",
    "jobClass": "ELASTIC",
    "requestedGpus": 0.5,
    "submittedAt": "2026-01-02T03:04:05Z",
    "failureReason": None,
    "metadata": {},
}
DIALECTS = pytest.mark.parametrize("row", [DOCUMENTED, LEGACY], ids=["documented", "legacy"])


def answer(body: str | bytes) -> Answer:
    raw = body if isinstance(body, bytes) else body.encode()
    return Answer(200, {"Content-Type": "application/json"}, raw, "GET", "https://api.example/v1/x")


def outcome(read: Any, *arguments: Any) -> Any:
    """What somebody gets to see of it: the values, and what cannot be told by comparing them; or the error."""
    try:
        found = read(*arguments)
    except UnexpectedResponseError as error:
        return error.message
    items = list(found)
    times = [(item.submitted_at and item.submitted_at.tzinfo, item.completed_at) for item in items]
    told = found if isinstance(found, Model) else None
    return items, [type(item) for item in items], [item.extra for item in items], list(map(repr, items)), times, told


def carefully(given: Answer, kind: Any) -> Any:
    """As `decode`, without the short way."""
    value = parse(given)
    try:
        return understood(value, kind)
    except NotUnderstood as why:
        raise UnexpectedResponseError(str(why)) from None


def same(body: str | bytes, kind: Any) -> None:
    found, careful = outcome(decode, answer(body), kind), outcome(carefully, answer(body), kind)
    if isinstance(careful, str):
        assert isinstance(found, str)
        assert careful in found
    else:
        assert found == careful


@DIALECTS
@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
def test_the_rows_of_both_dialects_are_read_straight(row, separators):
    rows = json.dumps([row, {**row, "name": "m"}], separators=separators).encode()
    found = straight.read(rows, Workload)
    assert found is not None
    items, is_sure = found
    assert [type(item) for item in items] == [Workload, Workload]
    assert items == understood(json.loads(rows), list[Workload])
    assert is_sure


@DIALECTS
def test_such_a_workload_is_like_any_other(row):
    (found,) = decode(answer(json.dumps([row])), list[Workload])
    made = Workload(**{name: getattr(found, name) for name in found.__struct_fields__})
    assert (found, hash(found.name), repr(found), found.to_dict()) == (
        made,
        hash(made.name),
        repr(made),
        made.to_dict(),
    )
    assert msgspec.json.encode(found) == msgspec.json.encode(made)
    assert pickle.loads(pickle.dumps(found)) == made
    assert msgspec.structs.replace(found, name="m") == msgspec.structs.replace(made, name="m")
    assert type(found).__name__ == "Workload"
    with pytest.raises(AttributeError):
        found.name = "other"  # type: ignore[misc]


TIMES = ["2026-01-01T00:00:00Z", "2026-01-01T02:00:00+02:00", "2026-01-01T00:00:00", "0001-01-01T00:00:00+05:00"]
VALUES = {
    "id": ['"wl_1"', '""', "null", "7"],
    "workload_id": ['"wl_2"', "null"],
    "name": ['"train"', '""', '"a, [b] {c}"', '"\\u002c\\u00fc"', '"\\""', "null"],
    "status": ['"RUNNING"', '"completed"', '"paused"', '""', "null"],
    "jobClass": ['"ELASTIC"', '""', "null"],
    "priority": ["5", '"5"', "1.0", "1.5", "true", "1e3", "12345678901234567890123", "null"],
    "requestedGpus": ["2", "0.5", '"2"', '"nan"', "1e999", "null"],
    "requested_gpus": ["4", "null"],
    "submittedAt": [*map(json.dumps, TIMES), "0", '""', "null"],
    "completed_at": [*map(json.dumps, TIMES), "null"],
    "metadata": ["{}", '{"a":1}', '{"a":{"b":[1,{"c":","}]}}', '{"a":1,"a":1}', '{"\\u002c":1}', "[]", "null"],
    "tags": ["{}", '{"a":"[,]"}', '{"a":[],"b":{}}', "null"],
    "is_managed": ["true", "1", "null"],
    "reused": ["true", "null"],
    "extra": ["{}", "1"],
    "unheard_of": ['""', "null", '{"a":[1]}'],
}
GAPS = st.sampled_from(["", "", " ", "\n"])
KNOWN = [key for key in VALUES if key not in {"extra", "unheard_of", "workload_id", "requested_gpus"}]
ROW = ("id", "name", "status")
OTHER_CASE = {"status": '"running"', "jobClass": '"elastic"'}


PAIRS = st.sampled_from(list(VALUES)).flatmap(lambda key: st.tuples(st.just(key), st.sampled_from(VALUES[key])))


@st.composite
def listed(draw):
    """A list of rows with the same keys and their usual values, but for what is odd at most twice."""
    keys = [*ROW, *draw(st.lists(st.sampled_from([key for key in KNOWN if key not in ROW]), unique=True, max_size=5))]
    usual = {key: values[0] for key, values in VALUES.items()} | draw(st.sampled_from([{}, OTHER_CASE]))
    rows = [[(key, usual[key]) for key in keys] for _ in range(draw(st.integers(1, 4)))]
    for row in draw(st.lists(st.sampled_from(rows), max_size=2)):
        place = draw(st.integers(0, len(row) - 1))
        match draw(st.sampled_from(["value", "value", "value", "more", "less"])):
            case "value":
                key, _ = row[place]
                row[place] = key, draw(st.sampled_from(VALUES[key]))
            case "more":
                row.insert(place, draw(PAIRS))
            case "less":
                del row[place]
    gap = draw(GAPS)
    objects = ["{" + f",{gap}".join(f'"{key}"{gap}:{value}' for key, value in row) + "}" for row in rows]
    return f"[{' ' * 4096}" + f",{gap}".join(objects) + f"{gap}]"


ENVELOPES = [
    "%s",
    '{"workloads":%s}',
    '{"data":{"workloads":%s},"metadata":{"next_token":"t","total_count":5},"request_id":"r"}',
    '{"items":%s,"nextCursor":40,"has_more":true}',
    '{"workloads":%s,"error":"no"}',
    '{"workloads":%s,"next_token":{"a":1}}',
    '{"workloads":%s,"workloads":[]}',
    '{"a":1,"a":1,"workloads":%s}',
    '{"note":"[]","workloads":%s}',
    '{"items":[],"workloads":%s}',
    '{"items":[],"next_token":"a","workloads":%s,"next_cursor":"b"}',
    '{"next_token":"a","workloads":%s,"data":[],"next_cursor":"b"}',
    '{"note":"]","workloads":%s,"next_token":"a"}',
    '{"workloads":%s,"next_token":"]"}',
    '{"elsewhere":%s}',
    '{"workloads":%s',
    '{"workloads":[%s]}',
    '"%s"',
]


BODIES = st.tuples(st.sampled_from([*ENVELOPES[:3] * 5, *ENVELOPES]), listed()).map(lambda parts: parts[0] % parts[1])
TWICE = '[{"id":"wl_1","name":"%s","status":"RUNNING","metadata":%s,"tags":{}%s}]'


@given(BODIES, st.sampled_from([PaginatedResponse[Workload], list[Workload], WorkloadSearchResult]))
@example(TWICE % (LONG, "{}", ',"tags":{}'), list[Workload])
@example(TWICE % (LONG, '{"a":1,"a":1}', ""), list[Workload])
@example(TWICE % (LONG, '{"\\u002c":1,"a":1,"a":1}', ""), list[Workload])
@example(TWICE % (LONG, '{"a":[1,2],"a":[]}', ""), list[Workload])
def test_a_list_is_read_straight_as_it_is_read_carefully(body, kind):
    same(body, kind)


def later(given: Answer) -> Any:
    found = decode(given, Unread[Workload])
    return PaginatedResponse(items=found.items(), next_token=found.next_token), bool(found)


@given(BODIES)
def test_a_page_that_is_read_later_is_the_same_and_tells_of_the_same_next_one(body):
    careful = outcome(carefully, answer(body), PaginatedResponse[Workload])
    if isinstance(careful, str):
        with pytest.raises(UnexpectedResponseError, match=re.escape(careful)):
            later(answer(body))
    else:
        page, is_there = later(answer(body))
        assert (page.items, page.next_token) == (careful[0], careful[-1].next_token)
        assert is_there


@pytest.mark.parametrize("rows", ["[]", f"[{' ' * 4096}]"])
def test_an_empty_page_is_read_at_once(rows):
    page, is_there = later(answer(f'{{"workloads":{rows},"next_token":"t"}}'))
    assert (page.items, page.next_token, is_there) == ([], "t", False)


@given(st.binary(min_size=1, max_size=40), st.integers(0, 4200))
def test_broken_bytes_are_the_error_that_they_are_when_read_carefully(broken, place):
    body = json.dumps({"workloads": [LEGACY, DOCUMENTED]}).encode()
    same(body[:place] + broken + body[place + len(broken) :], PaginatedResponse[Workload])


def test_a_list_nested_without_end_is_not_understood():
    row = '{"id":"a","name":"b","status":"RUNNING","metadata":' + '{"a":' * 100_000 + "1" + "}" * 100_001
    with pytest.raises(UnexpectedResponseError):
        decode(answer(f"[{row}]"), list[Workload])


def test_what_a_text_says_does_not_hide_a_key_that_is_there_twice():
    rows = TWICE % (LONG, '{"a":"x,y"}', ',"name":"z"')
    with pytest.raises(UnexpectedResponseError, match="names name twice in one object"):
        decode(answer(rows), list[Workload])


ODD = [{"unheardOf": 1}, {"gpu_count": 1}, {"extra": 1}, {"priority": "5"}, {"metadata": None}]
OTHER_ZONE = {"started_at": "2026-01-01T02:00:00+02:00"}


@pytest.mark.parametrize("odd", [*ODD, OTHER_ZONE])
def test_one_row_unlike_the_first_is_read_as_it_is(odd):
    same(json.dumps({"workloads": [LEGACY, {**LEGACY, **odd}]}), PaginatedResponse[Workload])
    same(json.dumps([{**LEGACY, **odd}, LEGACY]), list[Workload])


def test_a_row_that_lacks_a_key_of_the_first_is_read_as_it_is():
    same(json.dumps([LEGACY, {key: LEGACY[key] for key in ("id", "name", "status")}]), list[Workload])


def test_times_of_other_zones_are_in_utc():
    rows = json.dumps([LEGACY, {**LEGACY, "submittedAt": "2026-01-02T04:04:05+01:00"}])
    times = [item.submitted_at for item in decode(answer(rows), list[Workload])]
    assert times == [datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)] * 2
    assert [time.tzinfo for time in times if time] == [UTC, UTC]


def test_a_model_that_settles_its_values_by_itself_does_so():
    class Counted(Model, frozen=True, kw_only=True):
        id: str
        name: str = ""

        def __post_init__(self) -> None:
            msgspec.structs.force_setattr(self, "name", self.name.upper())

    found = decode(answer(json.dumps([{"id": "a", "name": LONG}])), list[Counted])
    assert found == [Counted(id="a", name=LONG)]
    assert found[0].name == LONG.upper()


@pytest.mark.parametrize("options", [{"weakref": True}, {"dict": True}, {"gc": False}, {"eq": False}])
def test_the_model_of_a_plugin_is_read_straight_whatever_its_struct_is(options):
    kind = msgspec.defstruct(
        "Rack", [("id", str), ("slots", int, 0)], bases=(Model,), frozen=True, kw_only=True, **options
    )
    found = straight.read(b'[{"id":"a","slots":4},{"id":"b","slots":2}]', kind)
    assert found is not None
    assert [(type(item), item.id, item.slots) for item in found[0]] == [(kind, "a", 4), (kind, "b", 2)]


@pytest.mark.parametrize("model", [Capacity, WorkloadSearchResult])
def test_a_model_that_holds_others_is_read_carefully(model):
    assert straight.read(b'[{"pools":[]}]', model) is None
