"""The soak, in half a minute: what it counts, and that it would show a client that loses or leaks."""

import pytest
from reliability.soak import Size, soak
from reliability.soak.gauge import Gauge, Latencies, Sample
from reliability.soak.run import lost


@pytest.mark.reliability
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # sockets of the proxy that it dropped
def test_nothing_is_lost_doubled_or_leaked_beside_faults_restarts_and_forks():
    counted = soak(Size(minutes=0.3, rate=40, waits=40, seed=7))
    nothing = ("duplicated", "lost", "unreported", "foreign exceptions", "waits that ended wrong")
    assert {figure: counted[figure] for figure in nothing} == dict.fromkeys(nothing, 0), counted
    assert counted["starts of the server"] >= 3
    assert counted["submissions"] >= 10
    first, last = map(int, str(counted["threads, first and last"]).split(" and "))
    assert last <= first + 2, counted
    first, last = map(int, str(counted["descriptors, first and last"]).split(" and "))
    assert last <= first + 8, counted


def test_the_oracle_tells_what_was_lost_doubled_and_never_reported():
    fates = {"a": "acknowledged", "b": "unknown", "c": "refused", "d": "acknowledged"}
    counted = lost(fates, {"a": 2, "c": 1, "e": 1})
    assert counted == {"submissions": 4, "duplicated": 1, "lost": 1, "unreported": 2}


def test_memory_is_compared_with_what_it_was_after_warming_up():
    gauge = Gauge(60)
    gauge.stop()
    gauge.samples = [Sample(memory, 1, 1) for memory in (10, 40, 100, 100, 103, 104, 108, 110, 110, 110)]
    assert gauge.growth() == (10.0, 10.0)


def test_latencies_are_counted_in_classes_of_five_per_cent():
    latencies = Latencies()
    for milliseconds in range(1, 101):
        latencies.add(milliseconds / 1000)
    assert latencies.total == 100
    assert 50 <= latencies.quantile(0.5) <= 52.5
    assert 99 <= latencies.quantile(0.99) <= 104
    latencies.add(3600.0)
    assert latencies.quantile(1.0) > 50_000
