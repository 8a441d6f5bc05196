import asyncio
import json
import os
import subprocess
import sys

import pytest
from reliability.crash import trap
from reliability.crash.points import POINTS, Point


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
