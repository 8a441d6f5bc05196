"""Laws of the models, for whatever the API may send."""

from hypothesis import given
from hypothesis import strategies as st

from chamber.core import wire
from chamber.core.wire.spelling import camel
from chamber.metrics import MetricSummary, WorkloadMetrics, WorkloadStats
from chamber.metrics.models import METRICS

figures = st.none() | st.floats(allow_nan=False, allow_infinity=False)
summaries = st.fixed_dictionaries({"avg": figures}, optional={"min": figures, "max": figures, "current": figures})
measured = st.dictionaries(st.sampled_from(METRICS), st.none() | summaries, min_size=1)
words = st.sampled_from(["RUNNING", "running", "Failed", "PAUSED", "paused", ""])
counts = st.dictionaries(words, st.integers(0, 1000))


@given(
    measured,
    st.sampled_from(["bare", "nested"]),
    st.booleans(),
    st.lists(st.sampled_from(["data", "body"]), max_size=3),
)
def test_every_dialect_says_the_same(measured, form, camels, envelopes):
    spelt = {camel(name) if camels else name: summary for name, summary in measured.items()}
    body = spelt if form == "bare" else {"metrics": spelt}
    for envelope in envelopes:
        body = {envelope: body, "request_id": "req_1"}
    metrics = wire.understood(body, WorkloadMetrics)
    expected = {name: summary for name, summary in measured.items() if summary and any_figure(summary)}
    found = {name: {k: v for k, v in summary.to_dict().items() if v} for name, summary in metrics.summaries.items()}
    assert found == {name: {k: v for k, v in summary.items() if v} for name, summary in expected.items()}


def any_figure(summary):
    return any(figure is not None for figure in summary.values())


@given(summaries)
def test_a_summary_is_true_exactly_when_it_has_a_figure(summary):
    assert bool(wire.understood(summary, MetricSummary)) == any_figure(summary)


@given(counts)
def test_statistics_lose_no_count(counts):
    stats = wire.understood({"total": 0, "byStatus": counts}, WorkloadStats)
    assert len(stats.by_status) == len(counts)
    assert sum(stats.by_status.values()) == sum(counts.values())


def test_metrics_are_a_table_in_a_notebook_with_what_is_known_beside_them():
    metrics = WorkloadMetrics(
        gpu_utilization=MetricSummary(avg=87.5, min=10, max=99.5, current=91),
        sample_count=3,
        extra={"workload_id": "<a>"},
    )
    shown = metrics._repr_html_()
    assert "Metrics of &lt;a&gt;" in shown
    for told in ("GPU utilisation", "87.5", "99.5", "%", "sample_count"):
        assert told in shown
    assert "temperature" not in shown.lower()
