import pytest

from chamber.local.measuring.processes import Reading
from chamber.local.measuring.windows import WINDOW, baseline, cpu_percent


def readings(*pairs):
    return [Reading(at, cpu, 0.0) for at, cpu in pairs]


def test_a_reading_right_after_another_is_compared_with_one_a_window_ago():
    earlier = readings((0.0, 0.0), (1.0, 1.0), (1.9, 1.88), (1.99, 1.97))

    # Over the last hundredth of a second, 0.03 s of CPU time would be 300 %.
    assert cpu_percent(earlier, Reading(2.0, 2.0, 0.0)) == pytest.approx(100)


@pytest.mark.parametrize(
    ("at", "index"),
    [(0.1, 0), (WINDOW, 0), (1.0, 0), (1.0 + WINDOW, 1), (2.0 + WINDOW - 0.01, 1), (2.0 + WINDOW, 2), (9.0, 2)],
)
def test_the_baseline_is_the_last_that_is_a_window_older_else_the_start(at, index):
    assert baseline(readings((0.0, 0.0), (1.0, 0.5), (2.0, 1.0)), at) == index


def test_a_short_job_is_measured_over_its_whole_life():
    assert cpu_percent(readings((5.0, 0.0), (5.05, 0.02)), Reading(5.1, 0.09, 0.0)) == pytest.approx(90)


@pytest.mark.parametrize(("at", "cpu"), [(5.0, 1.0), (6.0, -1.0)])
def test_no_time_and_a_child_that_vanished_are_no_use(at, cpu):
    assert cpu_percent(readings((5.0, 0.0)), Reading(at, cpu, 0.0)) == 0.0
