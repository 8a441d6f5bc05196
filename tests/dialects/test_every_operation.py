"""Every operation understands every mix of the dialects, alike."""

import pytest
from calls import CALLS, Call
from hypothesis import given, settings
from hypothesis import strategies as st
from mixes import WAYS, Mix, meant

import chamber.admin.operations
import chamber.metrics.operations
from chamber.core import Model, capacity, health, many, search
from chamber.core.explaining.operations import ExplainingOperations
from chamber.core.operations import listing, operation
from chamber.core.testing import RecordingTransport, Reply, recorded_client

CALL = pytest.mark.parametrize("call", CALLS, ids=[call.operation for call in CALLS])

#: Of these, the first sends what its caller says, and the others have no answer of their own kind.
NOT_HERE = {"request", "resolve_submission", "explain", "logs"}


def answering(call: Call, mix: Mix) -> RecordingTransport:
    return RecordingTransport({call.endpoint: Reply(body=call.body(mix))})


def expected(call: Call, mix: Mix):
    thing = meant(call.subject, mix)
    if not call.is_of_many:
        return thing
    second = call.subject.least
    fields = {name: getattr(second, name) for name in second.__struct_fields__}
    return [thing, type(second)(**{**fields, "id": f"{second.id}_b"})]


def test_every_operation_is_here():
    owners = [
        many.ManyOperations,
        ExplainingOperations,
        search.SearchOperations,
        capacity.CapacityOperations,
        health.HealthOperations,
        chamber.metrics.operations.MetricsOperations,
        chamber.admin.operations.AdminOperations,
    ]
    classes = {base for owner in owners for base in owner.__mro__}
    names = {name for base in classes for name, value in vars(base).items() if isinstance(value, operation | listing)}
    assert names - NOT_HERE == {call.operation for call in CALLS}


@CALL
@pytest.mark.parametrize("mix", WAYS.values(), ids=WAYS)
def test_every_way_of_saying_it_is_understood(client_of, call, mix):
    transport = answering(call, mix)
    assert call.of(client_of(transport)) == expected(call, mix)


@CALL
def test_every_envelope_is_opened(client_of, call):
    for envelope in call.envelopes:
        for beside in (False, True):
            mix = Mix(envelope=envelope, beside=beside)
            transport = answering(call, mix)
            assert call.of(client_of(transport)) == expected(call, mix), mix


@CALL
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_mix_of_ways_is_understood_alike(call, data):
    mix = Mix(
        envelope=data.draw(st.sampled_from(call.envelopes)),
        camel=data.draw(st.booleans()),
        aliases=data.draw(st.booleans()),
        case=data.draw(st.sampled_from(["upper", "lower", "title"])),
        optionals=data.draw(st.sampled_from(["all", "null", "missing"])),
        unknown=data.draw(st.booleans()),
        beside=data.draw(st.booleans()),
    )
    with recorded_client(answering(call, mix)) as client:
        assert call.of(client) == expected(call, mix)


@CALL
def test_what_the_user_wrote_is_not_touched(client_of, call):
    for name in call.subject.users:
        transport = answering(call, Mix(camel=True))
        found = call.of(client_of(transport))
        thing: Model = found[0] if call.is_of_many else found
        assert getattr(thing, name) == call.subject.fields[name]
