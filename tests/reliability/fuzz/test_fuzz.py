"""The stored inputs of the fuzzer, and a few seconds of it."""

import pytest
from reliability import fuzz
from reliability.fuzz import checking, corpora
from reliability.fuzz.campaign import replay
from reliability.fuzz.checking import check
from reliability.fuzz.reach import reaching
from reliability.fuzz.targets import TARGETS, Broken


def test_the_stored_inputs_break_no_promise():
    assert {target: found for target in TARGETS if (found := replay(target))} == {}
    assert all(corpora.read(target) for target in TARGETS)


def test_a_foreign_error_and_a_slow_input_are_told(monkeypatch):
    def fails(data):
        raise KeyError(data)

    monkeypatch.setitem(TARGETS, "error", fails)
    with pytest.raises(KeyError):
        check("error", b"x")

    monkeypatch.setattr(checking, "LONGEST", 0.0)
    monkeypatch.setitem(TARGETS, "error", lambda data: sum(range(100_000)))
    with pytest.raises(Broken, match="took"):
        check("error", b"x")


def test_of_two_inputs_that_reach_the_same_the_shorter_is_stored():
    assert reaching("retry-after", [b"55555", b"5"]) == [b"5"]
    assert len(reaching("retry-after", [b"5", b"Fri, 02 Jan 2026 03:04:05 GMT"])) == 2


@pytest.mark.reliability
def test_some_seconds_of_fuzzing_find_nothing(capsys):
    assert fuzz.main(["--seconds", "5"]) == 0, capsys.readouterr().out
