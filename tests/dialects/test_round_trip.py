"""Whatever a workload is, both dialects and every mix of them tell it alike; nothing of it is lost."""

from datetime import UTC, datetime

import msgspec
import pytest
from calls import CALLS
from hypothesis import given, settings
from hypothesis import strategies as st
from mixes import Mix, said, wrapped
from subjects import Subject

from chamber.core import JobClass, JobStatus, Model, UnexpectedResponseError, Workload
from chamber.core.testing import RecordingTransport, Reply, recorded_client
from chamber.core.wire import Answer, decode

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=20)
WORD = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
TIME = st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1), timezones=st.just(UTC))
NUMBER = st.integers(0, 10_000) | st.floats(0, 10_000)

FIELDS = {
    "id": WORD,
    "name": TEXT,
    "status": st.sampled_from([*JobStatus, JobStatus("PAUSED")]),
    "job_class": st.sampled_from(list(JobClass)),
    "priority": st.integers(0, 100),
    "requested_gpus": NUMBER,
    "submitted_at": TIME,
    "started_at": TIME,
    "metadata": st.dictionaries(TEXT, JSON, max_size=3),
    "tags": st.dictionaries(TEXT, TEXT, max_size=3),
    "duration_seconds": NUMBER,
    "exit_code": st.integers(-255, 255),
    "is_managed": st.booleans(),
    "failure_reason": TEXT,
    "namespace": TEXT,
}
REQUIRED = ("id", "name", "status")
UNKNOWN = st.dictionaries(WORD.map("future_{}".format), JSON, max_size=3)


@st.composite
def workloads(draw):
    names = draw(st.sets(st.sampled_from(sorted(FIELDS)))) | set(REQUIRED)
    return Workload(**{name: draw(FIELDS[name]) for name in FIELDS if name in names}, extra=draw(UNKNOWN))


MIXES = st.builds(
    Mix,
    envelope=st.sampled_from([(), ("data",), ("workload",), ("data", "workload"), ("body",)]),
    camel=st.booleans(),
    aliases=st.booleans(),
    case=st.sampled_from(["upper", "lower", "title"]),
    beside=st.booleans(),
    optionals=st.just("all"),
    unknown=st.just(False),
)


def told(workload: Workload, mix: Mix) -> bytes:
    plain = {name: value for name, value in workload.to_dict().items() if name not in workload.extra}
    known = workload.status.is_known
    subject = Subject(
        {name: value for name, value in plain.items() if value is not None},
        workload,
        aliases={"id": "workload_id", "requested_gpus": "gpu_count"},
        words=("status", "job_class") if known else ("job_class",),
        users=("tags", "metadata"),
    )
    return msgspec.json.encode(wrapped({**said(subject, mix), **workload.extra}, mix))


def read(body: bytes, kind: type[Model] = Workload) -> Model:
    return decode(Answer(200, {}, body, "GET", "https://chamber.test/v1/x"), kind)


@settings(max_examples=300, deadline=None)
@given(workloads(), MIXES, MIXES)
def test_any_two_dialects_tell_a_workload_alike(workload, one, other):
    assert read(told(workload, one)) == read(told(workload, other)) == workload


@settings(max_examples=200, deadline=None)
@given(workloads())
def test_what_was_decoded_and_encoded_is_the_same_unknown_fields_too(workload):
    again = read(msgspec.json.encode(workload.to_dict()))
    assert again == workload
    assert again.extra == workload.extra


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=80) | JSON.map(msgspec.json.encode))
def test_whatever_else_is_answered_is_an_error_of_ours(body):
    with (
        recorded_client(RecordingTransport({"GET workloads/wl_1": Reply(body=body)})) as client,
        pytest.raises(UnexpectedResponseError),
    ):
        client.get_workload("wl_1")


@pytest.mark.parametrize("call", CALLS, ids=[call.operation for call in CALLS])
def test_every_model_decodes_to_itself_from_what_it_encodes_to(call):
    model = call.subject.becomes
    marked = msgspec.structs.replace(model, extra={"future": {"a": [1]}})
    assert read(msgspec.json.encode(marked.to_dict()), type(model)) == marked
