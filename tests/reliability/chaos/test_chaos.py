"""10,000 submissions while 30 % of all answers is faulty: none doubled, none lost, none that nobody was told of."""

import asyncio
import os
import threading

import pytest
from reliability.chaos import command, leaks, regressions
from reliability.chaos.command import MOST_AMPLIFIED, played
from reliability.chaos.outcome import Outcome, total
from reliability.chaos.storm import Storm, blow

from chamber.core.retry import REPEATABLE_WRITE

SEEDS = 200
AT_ONCE = 25


@pytest.mark.reliability
@pytest.mark.parametrize("first", range(0, SEEDS, AT_ONCE))
def test_no_submission_is_doubled_or_lost_in_a_storm(first):
    outcomes = played(Storm(seed) for seed in range(first, first + AT_ONCE))
    sums = total(outcomes)
    assert sums["submissions"] >= AT_ONCE * 50
    assert sums["faults"] > sums["requests"] * 0.25, "the storm did not blow"
    assert sums["posts"] / sums["submissions"] <= MOST_AMPLIFIED


@pytest.mark.parametrize("seed", [0, 1, 10, 11])
def test_a_few_storms_with_each_python(seed):
    (*_, outcome) = played([Storm(seed)])
    assert outcome.submissions == 50
    assert outcome.faults > 5
    assert outcome.acknowledged


def test_the_seeds_of_a_run_have_both_faces_and_from_one_to_32_callers():
    storms = [Storm(seed) for seed in range(SEEDS)]
    assert {(storm.is_async, storm.callers) for storm in storms} >= {
        (face, callers) for face in (True, False) for callers in (1, 2, 4, 8, 16, 32)
    }


def test_a_storm_would_show_a_client_that_just_tries_again(monkeypatch, tmp_path, capsys):
    """The oracle can fail: with blind resending there are duplicates. The storm is kept, and plays first next time."""
    storm = Storm(2, submissions=60)
    with monkeypatch.context() as patch:
        patch.setattr("chamber.core.submission.KEYED_WRITE", REPEATABLE_WRITE)
        outcome = blow(storm)
    assert "duplicates" in outcome.violations()
    assert not command.well(storm, outcome, tmp_path)
    assert "FAILED: hatch run chaos --seed 2 --submissions 60 --rate 0.33\n" in capsys.readouterr().out
    assert regressions.kept(tmp_path) == [storm]
    first, second = played([Storm(4, submissions=5)], tmp_path)
    assert (first.submissions, second.submissions) == (60, 5)


def test_a_storm_that_breaks_something_ends_the_run_with_a_failure(monkeypatch, tmp_path):
    monkeypatch.setattr(command, "blow", lambda _: Outcome(2, table=[("wl_1", "a"), ("wl_2", "a")]))
    monkeypatch.setattr(regressions.keep, "__defaults__", (tmp_path,))
    monkeypatch.setattr(command.well, "__defaults__", (tmp_path,))
    assert command.main(["--seed", "7"]) == 1
    with pytest.raises(AssertionError, match="hatch run chaos --seed 7"):
        played([Storm(7)], tmp_path)
    assert [storm.seed for storm in regressions.kept(tmp_path)] == [7]


def test_a_run_lets_the_storms_that_once_failed_blow_first_as_they_were(monkeypatch):
    once = Storm(7, submissions=3)
    blown = []
    monkeypatch.setattr(command, "blow", lambda storm: blown.append(storm) or Outcome())
    monkeypatch.setattr(regressions, "kept", lambda: [once])
    monkeypatch.setattr("reliability.figures.record", lambda *_, **__: None)
    assert command.main(["--seeds", "2", "--first", "5"]) == 0
    assert blown == [once, Storm(5), Storm(6)]


def test_a_storm_that_breaks_nothing_ends_well_and_one_seed_alone_is_no_figure(capsys, monkeypatch):
    monkeypatch.setattr("reliability.figures.record", lambda *_, **__: pytest.fail("recorded"))
    assert command.main(["--seed", "3", "--submissions", "4"]) == 0
    assert "amplification" in capsys.readouterr().out


GOOD = {
    "submissions": 3,
    "acknowledged": [("a", "wl_1"), ("b", "wl_2")],
    "unknown": ["c"],
    "table": [("wl_1", "a"), ("wl_2", "b"), ("wl_3", "c")],
    "pending": ["c"],
}


def test_a_good_outcome_breaks_nothing():
    assert Outcome(**GOOD).violations() == {}


@pytest.mark.parametrize(
    ("changed", "broken"),
    [
        ({"table": [*GOOD["table"], ("wl_4", "a")]}, "duplicates"),
        ({"table": GOOD["table"][1:]}, "acknowledged but absent"),
        ({"acknowledged": [("a", "wl_1"), ("a", "wl_1")], "table": GOOD["table"][::2]}, "acknowledged twice"),
        ({"table": [*GOOD["table"], ("wl_4", "d")]}, "present and unreported"),
        ({"table": [*GOOD["table"], ("wl_4", None)]}, "present and unreported"),
        ({"submissions": 4, "foreign": ["KeyError"]}, "foreign exceptions"),
        ({"late": ["1: 9 s of 5"]}, "past deadline + 250 ms"),
        ({"submissions": 4}, "without an outcome"),
        ({"pending": []}, "journal differs from what was reported"),
        ({"pending": ["c", "a"]}, "journal differs from what was reported"),
        ({"unresolved": ["c"]}, "reported and not resolved"),
        ({"left": ["thread x"]}, "left behind (fds, tasks, threads)"),
    ],
)
def test_each_promise_that_is_broken_is_told(changed, broken):
    assert list(Outcome(**GOOD | changed).violations()) == [broken]


def test_a_submission_that_was_unknown_and_then_found_needs_no_journal():
    found = [*GOOD["acknowledged"], ("c", "wl_3")]
    outcome = Outcome(**GOOD | {"submissions": 4, "acknowledged": found, "pending": []})
    assert outcome.violations() == {}


@pytest.fixture
def at_once(monkeypatch):
    monkeypatch.setattr(leaks, "_WITHIN", 0.0)


@pytest.mark.usefixtures("at_once")
def test_a_descriptor_that_stays_open_is_told():
    before = leaks.held()
    reading, writing = os.pipe()
    assert leaks.left_since(before) == ["fd pipe: x 2"]
    os.close(reading)
    os.close(writing)
    assert leaks.left_since(before) == []


@pytest.mark.usefixtures("at_once")
def test_a_thread_that_stays_is_told():
    before, done = leaks.held(), threading.Event()
    thread = threading.Thread(target=done.wait, name="stays")
    thread.start()
    assert leaks.left_since(before) == ["thread stays x 1"]
    done.set()
    thread.join()


@pytest.mark.usefixtures("at_once")
def test_a_task_of_the_background_loop_that_stays_is_told():
    from chamber.core import portal

    async def begin():
        return asyncio.ensure_future(asyncio.Event().wait())

    portal.call(asyncio.sleep(0))
    before = leaks.held()
    task = portal.call(begin())
    (told,) = leaks.left_since(before)
    assert told.startswith("task <coroutine object Event.wait")

    async def end():
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    portal.call(end())
    assert leaks.left_since(before) == []
