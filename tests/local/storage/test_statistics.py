"""Sums that triggers keep are those of a plain look at every workload."""

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stored import AT, database, workload

from chamber.local.clock import month
from chamber.local.storage import statistics, workloads
from chamber.local.storage.queries import Filter
from chamber.local.workloads import TERMINAL, JobClass, Status

hours = st.integers(0, 60 * 24)
lives = st.lists(
    st.tuples(
        hours,
        st.none() | st.integers(0, 200),
        st.sampled_from([*sorted(TERMINAL), Status.RUNNING, Status.PENDING]),
        st.sampled_from(list(JobClass)[:2]),
        st.sampled_from(["x", "y"]),
        st.sampled_from(["ada", "bob"]),
        st.sampled_from(["p", "q"]),
        st.integers(0, 5 * 24 * 60),
    ),
    max_size=12,
)


def lived(connection, made):
    """Submits workloads, and lets each come to where it is by changes of its status."""
    every = list(Status)
    for number, (hour, wait, status, kind, team, user, pool, minutes) in enumerate(made):
        at = AT + timedelta(hours=hour)
        held = workload(number, submitted_at=at, job_class=kind, initiative_id=team, submitted_by=user)
        workloads.add(connection, held)
        if wait is not None:
            changes = {"capacity_pool_id": pool}
            started = at + timedelta(minutes=wait)
            workloads.advance(connection, held.id, Status.RUNNING, started, since=every, changes=changes)
            if number % 3 == 0:
                workloads.resize(connection, held.id, 2, started + timedelta(minutes=minutes / 2))
        if status in TERMINAL:
            ended = at + timedelta(minutes=(wait or 0) + minutes)
            workloads.advance(connection, held.id, status, ended, since=every)
    return workloads.every(connection)


@settings(deadline=None)
@given(lives, st.none() | hours, st.none() | hours, st.sampled_from([(), ("x",), ("x", "y"), ("z",)]))
def test_sums_are_those_of_a_plain_look(made, first, last, teams):
    connection, now = database(), AT + timedelta(days=90)
    begin, end = (None if hour is None else AT + timedelta(hours=hour, minutes=7) for hour in (first, last))
    asked = [
        held
        for held in lived(connection, made)
        if (begin is None or held.submitted_at >= begin)
        and (end is None or held.submitted_at <= end)
        and (not teams or held.initiative_id in teams)
    ]
    chosen = Filter(submitted_from=begin, submitted_to=end, initiative_id=teams)

    told = statistics.overview(connection, chosen, now)

    assert told.by_status == Counter(held.status.value for held in asked)
    assert told.by_job_class == Counter(held.job_class.value for held in asked)
    compare(told.totals, asked, now)
    for key in ("submitted_by", "initiative_id", "gpu_type"):
        groups = statistics.totals_by(connection, key, chosen, now)
        assert sorted(groups) == sorted({getattr(held, key) for held in asked})
        for value, totals in groups.items():
            compare(totals, [held for held in asked if getattr(held, key) == value], now)
    connection.close()


def compare(totals, asked, now):
    ran = [seconds for held in asked if (seconds := held.seconds(now)) is not None]
    assert totals.workloads == len(asked)
    assert totals.gpu_hours == pytest.approx(sum(held.gpu_hours(now) or 0 for held in asked), abs=1e-6)
    assert totals.average_seconds == pytest.approx(sum(ran) / len(ran) if ran else 0, abs=1e-3)
    assert totals.succeeded == sum(held.status is Status.COMPLETED for held in asked)
    assert totals.ended == sum(held.status in TERMINAL - {Status.CANCELLED} for held in asked)


@settings(deadline=None)
@given(lives, hours, st.sampled_from(["moment", "day", "month"]), st.sampled_from([(), ("x",)]))
def test_gpu_hours_since_a_moment_are_those_of_a_plain_look(made, hour, begins, teams):
    connection, now = database(), AT + timedelta(days=90)
    begin = AT + timedelta(hours=hour, minutes=11 if begins == "moment" else 0)
    if begins != "moment":
        begin = month(begin) if begins == "month" else begin.replace(hour=0)
    every = [held for held in lived(connection, made) if not teams or held.initiative_id in teams]

    for key in ("initiative_id", "capacity_pool_id"):
        told = statistics.gpu_hours_since(connection, Filter(initiative_id=teams), begin, now, key)
        for value in "xypq":
            plain = sum(held.gpu_hours_since(begin, now) for held in every if getattr(held, key) == value)
            assert told.get(value, 0) == pytest.approx(plain, abs=1e-6)
    connection.close()


def test_what_is_taken_out_is_in_no_sum():
    connection = database()
    lived(connection, [(n, 1, Status.COMPLETED, JobClass.RESERVED, "x", "ada", "p", 60) for n in range(5)])

    connection.execute("DELETE FROM events")
    connection.execute("DELETE FROM workloads")

    for table in ("workload_sums", "usage"):
        numbers = [v for row in connection.execute(f"SELECT * FROM {table}") for v in row if not isinstance(v, str)]
        assert numbers
        assert numbers == pytest.approx([0] * len(numbers))
    connection.close()
