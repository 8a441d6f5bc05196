"""What sums are kept of covers every stretch of time, each moment once."""

from datetime import UTC, datetime, timedelta

from hypothesis import example, given, settings
from hypothesis import strategies as st

from chamber.local.clock import stamp
from chamber.local.storage.spans import cover

BEGIN = datetime(2023, 12, 28, 5, tzinfo=UTC)
moments = st.integers(0, 800 * 24 * 60).map(lambda minutes: BEGIN + timedelta(minutes=minutes))


@settings(deadline=None)
@given(st.none() | moments, st.none() | moments, st.lists(moments, min_size=1, max_size=30))
@example(BEGIN, BEGIN, [BEGIN])
@example(None, datetime(2025, 1, 1, tzinfo=UTC), [datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 3, 1, tzinfo=UTC)])
def test_each_moment_of_a_stretch_is_in_one_span_or_edge(first, last, there_are):
    covered = cover(first, last, min(there_are), max(there_are))

    for moment in there_are:
        spans = [span for span in covered.spans if stamp(moment).startswith(span)]
        edges = [edge for edge in covered.edges if edge[0] <= moment <= edge[1]]
        inside = (first is None or first <= moment) and (last is None or moment <= last)
        assert len(spans) + len(edges) == inside


def test_long_stretches_take_few_spans():
    first, last = datetime(2020, 2, 9, 3, tzinfo=UTC), datetime(2025, 11, 28, 4, tzinfo=UTC)

    covered = cover(first, last, datetime(2019, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))

    assert covered.spans[:4] == ("2020-02-1", "2020-02-2", "2020-03", "2020-04")
    assert (covered.spans[12], covered.spans[15]) == ("2021", "2024")
    assert covered.spans[-3:] == ("2025-11-25", "2025-11-26", "2025-11-27")
    assert len(covered.spans) == 36
    assert len(covered.edges) == 2
