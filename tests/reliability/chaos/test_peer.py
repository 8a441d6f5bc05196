"""The published client in the same storms: what it says is read as it is meant."""

import json
import sys

import pytest
from benchmarks import peers
from reliability.chaos import peer
from reliability.chaos.outcome import Outcome
from reliability.chaos.storm import Storm, blow

STORM = Storm(1, submissions=3, limit=6.0)


def call(name, workload_id=None, error=None, foreign=False, seconds=0.1):
    return {"name": name, "id": workload_id, "error": error, "foreign": foreign, "seconds": seconds}


@pytest.fixture
def saying(tmp_path):
    """A program in the place of the published client's Python, which says what it is told to."""

    def made(*calls):
        program = tmp_path / "python"
        program.write_text(
            f"#!{sys.executable}\nimport sys\nsys.stdin.read()\nprint({json.dumps(json.dumps(calls))})\n"
        )
        program.chmod(0o755)
        return program

    return made


def test_what_the_published_client_says_is_read_as_an_outcome(saying):
    program = saying(
        call("a", error="requests.exceptions.ConnectionError", foreign=True),
        call("a", error="chamber_sdk.exceptions.ServerError"),
        call("a", "wl_1"),
        call("b", seconds=2.3),
        call("c", error="chamber_sdk.exceptions.ServerError", seconds=2.2),
    )
    outcome = peer.blown_by_peer(STORM, program)
    assert outcome.acknowledged == [("a", "wl_1"), ("b", "None")]
    assert outcome.foreign == ["requests.exceptions.ConnectionError"]
    assert outcome.late == ["b: 2.3 s of 2"]
    assert (outcome.posts, outcome.amplification) == (5, 5 / 3)
    assert outcome.violations()["acknowledged but absent"] == ["None", "wl_1"]


def test_both_columns_are_printed_and_recorded(monkeypatch, saying, capsys):
    recorded = {}
    program = saying(call("a", "wl_1"))
    monkeypatch.setattr(peers, "peer", lambda: program)
    monkeypatch.setattr(peer, "blow", lambda storm: Outcome(1, [("a", "wl_1")], table=[("wl_1", "a")], posts=1))
    monkeypatch.setattr("reliability.figures.record", lambda name, told, *_, **__: recorded.update({name: told}))
    assert peer.compare(1, 1, 0.3) == 0
    printed = capsys.readouterr().out
    assert "this client  chamber-sdk" in printed
    assert recorded["chaos-peer"]["acknowledged but absent"] == "0 (chamber-sdk, 3 tries: 1)"
    assert recorded["chaos-peer"]["amplification"] == "1.0 (chamber-sdk, 3 tries: 1.0)"


def test_a_broken_promise_of_this_client_is_a_failure(monkeypatch, saying):
    program = saying(call("a", "wl_1"))
    monkeypatch.setattr(peers, "peer", lambda: program)
    monkeypatch.setattr(peer, "blow", lambda _: Outcome(1, [("a", "wl_1")]))
    monkeypatch.setattr("reliability.figures.record", lambda *_, **__: None)
    assert peer.compare(1, 1, 0.3) == 1


def test_in_real_time_and_without_faults_every_submission_is_acknowledged_once():
    outcome = blow(Storm(2, submissions=8, rate=0.0, limit=30.0))
    assert (len(outcome.acknowledged), outcome.posts, outcome.violations()) == (8, 8, {})


@pytest.mark.reliability
def test_the_published_client_itself_submits_once_without_faults_and_doubles_after_lost_answers():
    python = peers.peer()
    calm = peer.blown_by_peer(Storm(1, submissions=8, rate=0.0, limit=6.0), python)
    assert (len(calm.acknowledged), calm.posts, calm.violations()) == (8, 8, {})
    stormy = peer.blown_by_peer(Storm(1, submissions=40, rate=0.5, limit=6.0), python)
    assert stormy.posts > 40
    assert "duplicates" in stormy.violations()
