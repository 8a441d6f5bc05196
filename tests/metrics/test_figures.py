"""Metrics as pictures: what is where, pixel by pixel."""

import itertools
import struct
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from chamber.core import ValidationError
from chamber.metrics import BatchMetrics, DataPoint, MetricSummary, StatsGroup, WorkloadMetrics, WorkloadStats
from chamber.metrics.figures import COLOURS

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)
RISING, FALLING = [float(n) for n in range(101)], [float(n) for n in range(100, -1, -1)]


def course(values, **figures):
    points = [DataPoint(timestamp=NOON + timedelta(minutes=n), value=value) for n, value in enumerate(values)]
    return MetricSummary(data_points=points, **figures)


def pixels(figure):
    """Red, green and blue of every pixel, the upper left one first."""
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[:, :, :3].astype(int)


def has_colour(picture, metric):
    """Which pixels have the metric's colour."""
    colour = np.array([round(255 * part) for part in to_rgb(COLOURS[metric])])
    return (abs(picture - colour) <= 3).all(axis=2)


def within(panel, mask):
    """The part of a picture that a panel covers."""
    box = panel.get_window_extent()
    height = mask.shape[0]
    return mask[round(height - box.y1) : round(height - box.y0), round(box.x0) : round(box.x1)]


def pixel_of(panel, moment, value, height):
    """Row and column of a point of the data."""
    x, y = panel.transData.transform((panel.xaxis.convert_units(moment), value))
    return round(height - 1 - y), round(x)


def test_a_series_is_drawn_where_its_data_is():
    figure = WorkloadMetrics(gpu_utilization=course(RISING)).plot()
    mask = has_colour(pixels(figure), "gpu_utilization")
    (panel,) = figure.axes
    for minute in range(5, 100, 10):
        row, column = pixel_of(panel, NOON + timedelta(minutes=minute), RISING[minute], len(mask))
        assert mask[row - 2 : row + 3, column - 2 : column + 3].any(), minute


def test_nothing_is_drawn_where_the_data_is_not():
    figure = WorkloadMetrics(gpu_utilization=course(RISING)).plot()
    mask = within(figure.axes[0], has_colour(pixels(figure), "gpu_utilization"))
    height, width = mask.shape
    assert not mask[: height // 2, : width // 3].any()
    assert not mask[height // 2 :, 2 * width // 3 :].any()


def test_a_rising_series_goes_up_and_a_falling_one_down():
    def corners(values):
        figure = WorkloadMetrics(power_usage=course(values)).plot()
        mask = within(figure.axes[0], has_colour(pixels(figure), "power_usage"))
        height, width = mask.shape
        return mask[: height // 2, : width // 2].any(), mask[: height // 2, width // 2 :].any()

    assert corners(RISING) == (False, True)
    assert corners(FALLING) == (True, False)


def test_the_same_series_gives_the_same_picture_and_another_gives_another():
    rising, again, falling = (pixels(WorkloadMetrics(power_usage=course(v)).plot()) for v in (RISING, RISING, FALLING))
    assert (rising == again).all()
    assert (rising != falling).any()


def test_what_could_not_be_measured_is_a_gap_in_the_line():
    values = [50.0] * 40 + [None] * 20 + [50.0] * 40
    figure = WorkloadMetrics(gpu_utilization=course(values)).plot()
    drawn = within(figure.axes[0], has_colour(pixels(figure), "gpu_utilization")).any(axis=0)
    inside = np.flatnonzero(drawn)
    gap = np.diff(inside).max()
    assert drawn.size / 8 < gap < drawn.size / 4


def test_each_metric_has_a_panel_of_its_own_with_its_colour_title_and_unit():
    figure = WorkloadMetrics(gpu_utilization=course(RISING), temperature=course(FALLING, max=100)).plot("A run")
    picture = pixels(figure)
    use, heat = figure.axes
    assert [panel.get_title("left") for panel in (use, heat)] == ["GPU utilisation", "GPU temperature"]
    assert [panel.get_ylabel() for panel in (use, heat)] == ["%", "°C"]
    assert heat.get_xlabel() == "Time (UTC)"
    assert figure.get_suptitle() == "A run"
    for panel, own, other in ((use, "gpu_utilization", "temperature"), (heat, "temperature", "gpu_utilization")):
        assert within(panel, has_colour(picture, own)).any()
        assert not within(panel, has_colour(picture, other)).any()


def test_a_metric_without_points_is_a_level_line_beside_those_that_have_them():
    held = {"power_usage": MetricSummary(avg=300, min=100, max=500), "temperature": MetricSummary(max=70)}
    figure = WorkloadMetrics(gpu_utilization=course(RISING), **held).plot()
    power = figure.axes[2]
    mask = within(power, has_colour(pixels(figure), "power_usage"))
    rows = np.flatnonzero(mask.any(axis=1))
    assert len(rows) <= 4
    assert abs(rows.mean() / mask.shape[0] - 0.5) < 0.05


def test_texts_stay_inside_the_picture_and_off_each_other():
    summaries = {name: course(RISING) for name in ("gpu_utilization", "memory_utilization", "temperature")}
    figure = WorkloadMetrics(**summaries, extra={"memory_bytes": {"avg": 10**10, "data_points": []}}).plot("Run " * 9)
    picture = pixels(figure)
    edges = (picture[0], picture[-1], picture[:, 0], picture[:, -1])
    assert all((edge == 255).all() for edge in edges)
    boxes = [panel.get_tightbbox().frozen() for panel in figure.axes]
    assert not any(above.overlaps(below) for above, below in itertools.pairwise(boxes))


def test_without_points_a_bar_is_as_long_as_the_average():
    figure = WorkloadMetrics(gpu_utilization=MetricSummary(avg=50, min=20, max=80, current=60)).plot()
    (panel,) = figure.axes
    mask = has_colour(pixels(figure), "gpu_utilization")
    row = round(len(mask) - panel.transData.transform((0, 0.25))[1])
    columns = np.flatnonzero(mask[row])
    begin, end = (panel.transData.transform((value, 0))[0] for value in (0, 50))
    assert abs(columns.min() - begin) <= 2
    assert abs(columns.max() - end) <= 2
    assert panel.get_xlabel() == "GPU utilisation (%)"


def test_the_picture_of_a_workload_bears_its_id():
    measured = {"gpu_usage": MetricSummary(avg=1)}
    assert WorkloadMetrics(**measured, extra={"workload_id": "wl_1"}).plot().get_suptitle() == "Metrics of wl_1"
    assert WorkloadMetrics(**measured).plot().get_suptitle() == "Metrics"


ROWS = [
    {"id": "wl_1", "name": "first", "gpu_utilization": {"avg": 80, "min": 10, "max": 95}, "power_usage": 300},
    {"id": "wl_2", "name": "$\\frac$", "gpu_utilization": {"avg": 20}, "gpu_hours": 3},
]


def lengths(figure, panel, metric, count):
    """How long the bar of each row is, in pixels."""
    mask = has_colour(pixels(figure), metric)
    rows = (round(len(mask) - panel.transData.transform((0, place + 0.25))[1]) for place in range(count))
    return [int(within_row.sum()) for within_row in (mask[row] for row in rows)]


def test_a_ranking_is_a_bar_for_each_workload_the_first_on_top():
    figure = BatchMetrics({"workloads": ROWS}).plot()
    (panel,) = figure.axes
    first, second = lengths(figure, panel, "gpu_utilization", 2)
    assert first == pytest.approx(4 * second, rel=0.05)
    assert [label.get_text() for label in panel.get_yticklabels()] == ["first", "$\\frac$"]
    assert figure.get_suptitle() == "GPU utilisation by workload"
    assert panel.get_ylim()[0] > panel.get_ylim()[1]


def test_a_ranking_is_drawn_by_the_metric_that_is_asked_for():
    batch = BatchMetrics({"workloads": ROWS})
    assert batch.plot("power_usage").axes[0].get_xlabel() == "GPU power (W)"
    assert batch.plot("gpu_hours").axes[0].get_xlabel() == "GPU time (GPU-hours)"
    with pytest.raises(ValidationError, match="metric is one of gpu_utilization, power_usage, gpu_hours, not 'heat'"):
        batch.plot("heat")


def test_a_ranking_of_teams_says_so():
    figure = BatchMetrics({"teams": [{"id": "ml", "gpu_hours": 3}]}).plot()
    assert figure.get_suptitle() == "GPU time by team"


def test_a_long_ranking_is_cut_and_says_so():
    rows = [{"id": f"wl_{n}", "name": "n" * 99, "gpu_hours": n} for n in range(99)]
    figure = BatchMetrics({"workloads": rows}).plot()
    assert figure.get_suptitle() == "GPU time by workload: the first 40 of 99"
    assert len(figure.axes[0].get_yticklabels()) == 40
    assert figure.axes[0].get_yticklabels()[0].get_text() == "n" * 35 + "…"
    assert pixels(figure).shape[1] == 900


def test_statistics_have_a_panel_for_each_of_their_figures():
    groups = [
        StatsGroup(key="ada", workload_count=3, gpu_hours=2.0, success_rate=0.5),
        StatsGroup(key="bob", workload_count=1, gpu_hours=4.0),
    ]
    figure = WorkloadStats(total=4, grouped=groups).plot()
    counts, hours, _ = figure.axes
    labels = [panel.get_xlabel() for panel in figure.axes]
    assert labels == ["Workloads", "GPU time (GPU-hours)", "Completed (%)"]
    many, few = lengths(figure, counts, "gpu_utilization", 2)
    assert many == pytest.approx(3 * few, rel=0.05)
    short, long = lengths(figure, hours, "gpu_hours", 2)
    assert long == pytest.approx(2 * short, rel=0.05)


def test_statistics_of_the_older_form_are_drawn_by_status():
    figure = WorkloadStats(total=5, by_status={"RUNNING": 3, "FAILED": 2}).plot("Today")
    (panel,) = figure.axes
    assert [label.get_text() for label in panel.get_yticklabels()] == ["RUNNING", "FAILED"]
    assert figure.get_suptitle() == "Today"


@pytest.mark.parametrize("value", [WorkloadMetrics(), BatchMetrics({"workloads": []})], ids=["metrics", "ranking"])
def test_nothing_measured_is_said(value):
    figure = value.plot()
    assert [text.get_text() for text in figure.texts][-1] == "Nothing was measured"
    assert (pixels(figure) < 128).any()


def test_a_notebook_shows_the_figure_as_a_png():
    png = WorkloadMetrics(power_usage=course(RISING)).plot()._repr_png_()
    assert png.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", png[16:24])
    assert (width, height) == (900, 265)


def test_a_figure_is_made_without_pyplot_and_without_a_display():
    program = """
import sys
from chamber.metrics import MetricSummary, WorkloadMetrics
WorkloadMetrics(power_usage=MetricSummary(avg=3)).plot().savefig(sys.argv[1])
assert "matplotlib.pyplot" not in sys.modules
assert "pandas" not in sys.modules
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, "/dev/null"], env={}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
