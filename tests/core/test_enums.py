from __future__ import annotations

import copy
import json
import pickle

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chamber.core import AllocationStatus, JobClass, JobStatus, ScalingMode
from chamber.core.enums import OpenEnum

KINDS = [JobStatus, JobClass, ScalingMode, AllocationStatus]
KNOWN = [member for kind in KINDS for member in kind]


@pytest.mark.parametrize("member", KNOWN)
def test_a_member_is_found_in_any_case_and_prints_as_its_text(member):
    kind = type(member)
    for spelling in (member.value, member.value.lower(), member.value.title()):
        assert kind(spelling) is member
    assert str(member) == f"{member}" == f"{member:s}" == "%s" % member == member.value  # noqa: UP031
    assert json.dumps(member) == f'"{member.value}"'
    assert member == member.value
    assert member.is_known


@pytest.mark.parametrize("kind", KINDS)
def test_a_word_that_nobody_knew_keeps_its_text(kind):
    odd = kind("Paused")
    assert (str(odd), f"{odd}", odd.value, odd.name, repr(odd)) == (
        "Paused",
        "Paused",
        "Paused",
        "Paused",
        f"{kind.__name__}('Paused')",
    )
    assert isinstance(odd, kind)
    assert not odd.is_known
    assert odd == kind("Paused") == "Paused"
    assert odd != kind("Other")
    assert {odd, kind("Paused"), "Paused"} == {"Paused"}
    assert "Paused" not in kind.__members__


@pytest.mark.parametrize("value", ["COMPLETED", "Paused"])
def test_every_member_survives_copies_and_encodings(value):
    status = JobStatus(value)
    for same in (
        pickle.loads(pickle.dumps(status)),
        copy.copy(status),
        copy.deepcopy(status),
        msgspec.json.decode(msgspec.json.encode(status), type=JobStatus),
        msgspec.convert(msgspec.to_builtins(status), JobStatus),
    ):
        assert same == status
        assert type(same) is JobStatus
        assert hash(same) == hash(status)


@pytest.mark.parametrize("value", ["", None, 7, b"RUNNING", ["RUNNING"]])
def test_what_is_no_word_is_no_member(value):
    with pytest.raises(ValueError, match="not a valid"):
        JobStatus(value)


def test_what_has_ended_is_terminal():
    assert {status for status in JobStatus if status.is_terminal} == {"COMPLETED", "FAILED", "PREEMPTED", "CANCELLED"}
    assert not JobStatus("Paused").is_terminal


@given(st.text(min_size=1))
def test_any_word_is_a_member(word):
    for kind in KINDS:
        member = kind(word)
        assert isinstance(member, OpenEnum)
        assert member.is_known == (member.value in kind.__members__)
        assert member.is_known or member == word
