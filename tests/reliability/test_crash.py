import asyncio
import json
import os
import subprocess
import sys

import pytest
from reliability.crash import trap
from reliability.crash.points import POINTS, Point
from reliability.crash.verdict import judged
from reliability.crash.work import Told


def test_each_point_has_a_name_of_its_own_and_is_in_the_product():
    assert len({point.name for point in POINTS}) == len(POINTS) >= 25
    assert len({(point.kind, point.function, point.when, point.number, point.match) for point in POINTS}) == len(POINTS)
    for point in POINTS:
        owner, name = trap.find(point.function)
        assert callable(getattr(owner, name)), point


class Subject:
    def work(self, word):
        return word

    async def later(self, word):
        await asyncio.sleep(0)
        return word


class Died(BaseException):
    pass


@pytest.mark.parametrize("method", ["work", "later"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_process_dies_at_the_call_that_is_meant_and_at_no_other(monkeypatch, method, when):
    done, killed = [], []

    def die():
        killed.append(list(done))
        raise Died

    monkeypatch.setattr(trap, "_die", die)
    subject = Subject()
    point = Point("a", "run", "x:Subject", when, number=2, match="this")
    function = trap._Trap(point).around(getattr(Subject, method))
    for word in ("this", "other", "this one", "this"):
        try:
            result = function(subject, word)
            done.append(asyncio.run(result) if method == "later" else result)
        except Died:
            done.append("died")
    assert done == ["this", "other", "died", "this"]
    assert killed == [["this", "other"]]


def test_a_file_is_known_by_its_path_and_a_request_by_what_it_asks(tmp_path):
    class Request:
        method, url = "POST", "https://api.example/v1/workloads"

    class Answer:
        _exchange = type("Exchange", (), {"request": Request()})()

    assert trap._described(Request()) == trap._described(Answer()) == "POST /v1/workloads;"
    with (tmp_path / "file").open("wb") as opened:
        assert trap._described(opened.fileno()) == str(tmp_path / "file")


@pytest.mark.reliability
@pytest.mark.timeout(900)
def test_nothing_is_lost_or_doubled_wherever_a_process_is_killed(tmp_path):
    command = [sys.executable, "-m", "reliability", "crash", "--repeats", "2", "--no-record"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    wrong, _, counted = done.stdout.partition("{")
    assert (done.returncode, wrong, done.stderr) == (0, "", "")
    found = json.loads("{" + counted)
    assert found["kills"] >= 2 * found["points"] >= 50
    assert (found["jobs lost"], found["jobs doubled"]) == (0, 0)
    assert found["jobs resumed"] > 0


RUN, DONE = (Point("a", "run", "x:y", "before", acknowledged=known) for known in (False, True))
SUBMIT, CONFIG = (Point("a", kind, "x:y", "before") for kind in ("submit", "config"))


@pytest.mark.parametrize(
    ("point", "killed", "jobs", "told", "words"),
    [
        (RUN, [], ["b"], Told(result="b"), ""),
        (RUN, [], ["a"], Told(pending=["a"], result="a"), ""),
        (RUN, ["a"], ["a"], Told(pending=["a"], result="a"), ""),
        (RUN, ["a"], ["a", "b"], Told(pending=["a"], result="a", again="b"), ""),
        (RUN, ["a"], ["a", "b"], Told(pending=["a"], resolved={"a": "a"}, result="b"), ""),
        (RUN, [], ["a"], Told(pending=["a"], resolved={"a": None}, result="a"), ""),
        (DONE, ["a"], ["a", "b"], Told(result="b"), ""),
        (SUBMIT, ["a"], ["a"], Told(pending=["a"], resolved={"a": "a"}), ""),
        (CONFIG, [], [], Told(result="1", again="2"), ""),
        (RUN, ["a"], ["a"], Told(result="a"), "are not pending"),
        (RUN, ["a"], ["a", "b"], Told(pending=["a"], result="a"), "1 were asked for"),
        (RUN, ["a"], ["a", "a"], Told(pending=["a"], result="a", again="b"), "2 were asked for"),
        (RUN, [], [], Told(result="b"), "1 were asked for"),
        (RUN, ["a"], ["b"], Told(pending=["a"], result="b"), "which was not acknowledged"),
        (RUN, ["a"], ["a", "b"], Told(pending=["a"], resolved={"a": None}, result="a", again="b"), "was resolved as"),
        (RUN, [], ["a"], Told(pending=["a"], resolved={"a": "a"}, result="a"), "was resolved as"),
        (RUN, ["a"], ["a"], Told(pending=["a"], result="a", left_pending=["a"]), "after the next run"),
        (RUN, ["a"], ["a", "b"], Told(pending=["a"], result="a", again="a"), "was returned by another run"),
        (DONE, ["a"], ["a", "b"], Told(pending=["a"], result="b"), "after it was acknowledged"),
        (DONE, ["a"], ["a"], Told(result="a"), "2 were asked for"),
        (SUBMIT, ["a"], ["a", "b"], Told(pending=["a"], result="a"), "1 were asked for"),
    ],
)
def test_a_job_that_is_lost_or_doubled_is_found_out(point, killed, jobs, told, words):
    found = judged(point, killed, jobs, told)
    assert not found.wrong if not words else any(words in wrong for wrong in found.wrong), found
    assert bool(found.counts["jobs lost"]) is ("are not pending" in words)
