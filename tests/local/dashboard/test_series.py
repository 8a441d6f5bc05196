"""Measurements as charts show them."""

import sqlite3
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chamber.local.storage import samples, series
from chamber.local.storage.samples import Sample
from chamber.local.storage.schema import SCHEMA

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def _of(measured, most=240):
    """The series of samples that are (seconds, CPU, memory)."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.row_factory = sqlite3.Row
    for statement in SCHEMA:
        connection.execute(statement)
    for seconds, cpu, memory in measured:
        at = BEGIN + timedelta(seconds=seconds)
        samples.add(
            connection, Sample(workload_id="wl", at=at, source="measured:cpu", cpu_utilization=cpu, memory_bytes=memory)
        )
    found = series.of_workload(connection, "wl", most)
    connection.close()
    return found


def test_few_samples_are_told_each_by_itself():
    found = _of([(0, 10.0, None), (1, None, None), (2.5, 30.0, None)])

    assert (found.samples, found.source, found.step) == (3, "measured:cpu", 0.0)
    assert found.times == (BEGIN, BEGIN + timedelta(seconds=1), BEGIN + timedelta(seconds=2.5))
    assert found.values == {"cpu_utilization": (10.0, None, 30.0)}
    assert found.summaries["cpu_utilization"] == samples.Summary(20.0, 10.0, 30.0, 30.0)


def test_what_was_not_measured_is_not_there():
    assert _of([]) == series.Series(0, "none", 0.0, (), {}, {})
    assert _of([(0, None, None)]).values == {}


@given(
    st.lists(st.tuples(st.floats(0, 1e5), st.floats(0, 100)), min_size=1, max_size=60, unique_by=lambda pair: pair[0]),
    st.integers(1, 20),
)
def test_many_samples_are_averaged_over_equal_stretches(measured, most):
    found = _of([(seconds, value, None) for seconds, value in measured], most)

    values = [value for _, value in measured]
    assert 1 <= len(found.times) <= max(most, 1)
    assert list(found.times) == sorted(found.times)
    assert found.summaries["cpu_utilization"].max == max(values)
    assert found.summaries["cpu_utilization"].avg == pytest.approx(sum(values) / len(values))
    assert all(min(values) - 1e-9 <= value <= max(values) + 1e-9 for value in found.values["cpu_utilization"])
