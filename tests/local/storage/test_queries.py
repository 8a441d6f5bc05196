"""What is found is what a plain look at every workload finds, and it is found by an index."""

from datetime import timedelta
from typing import get_args

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from stored import AT, database, workload

from chamber.local.storage import queries, statistics, workloads
from chamber.local.storage.queries import Cut, Filter, Position
from chamber.local.workloads import JobClass, Status

letters = st.text(st.sampled_from('abAB1-"%_* .ÄäKİ\0') | st.characters(codec="utf-8"), max_size=8)
texts = st.lists(st.tuples(letters.filter(bool), letters, st.dictionaries(letters, letters, max_size=2)), max_size=8)


def contains(held, word):
    """As it was before there was an index: SQLite's lower() knows ASCII alone."""
    text = msgspec.json.encode(held.tags).decode()
    text = f"{held.name} {held.external_id or ''} {text}"
    return held.id == word or lowered(word) in lowered(text)


def lowered(text):
    return "".join(c.lower() if c.isascii() else c for c in text)


@settings(deadline=None)
@given(texts, st.lists(letters, max_size=3), st.booleans())
@example([("x\0abc", "", {})], ["abc"], False)
@example([("ABCD", "", {})], ["bcd", "abc"], True)
@example([("ÄBC", "", {})], ["Äbc"], False)
@example([("Ärger", "", {})], ["Ärger"], False)
@example([("a", 'say "abc"', {})], ['"abc"'], False)
def test_words_find_what_contains_them(held, asked, by_id):
    connection = database()
    rows = [workload(n, name=name, external_id=external, tags=tags) for n, (name, external, tags) in enumerate(held)]
    for row in rows:
        workloads.add(connection, row)
    query = " ".join([*asked, "wl_1"] if by_id else asked)

    found = queries.page(connection, Filter(query=query), Cut(limit=100))

    words = query.split()
    expected = [row.id for row in reversed(rows) if all(contains(row, word) for word in words)]
    assert [item.id for item in found.items] == expected
    assert found.total == queries.count(connection, Filter(query=query)) == len(expected)
    connection.close()


STATUSES, CLASSES = list(Status), [JobClass.RESERVED, JobClass.ELASTIC]
rows = st.lists(
    st.tuples(
        st.sampled_from(STATUSES),
        st.sampled_from(CLASSES),
        st.sampled_from(["H100", "h100", "A100"]),
        st.sampled_from(["x", "y"]),
        st.integers(0, 2),
        st.sampled_from(["one two", "two three", "none"]),
    ),
    max_size=40,
)
filters = st.builds(
    Filter,
    status=st.none() | st.lists(st.sampled_from(STATUSES), max_size=3, unique=True).map(tuple),
    job_class=st.lists(st.sampled_from(CLASSES), max_size=2, unique=True).map(tuple),
    gpu_type=st.lists(st.sampled_from(["H100", "a100"]), max_size=2, unique=True).map(tuple),
    initiative_id=st.lists(st.sampled_from(["x", "y", "z"]), max_size=2, unique=True).map(tuple),
    priority_min=st.none() | st.integers(0, 2),
    submitted_from=st.none() | st.just(AT + timedelta(minutes=5)),
    query=st.none() | st.sampled_from(["two", "ne", "three two", "e"]),
)


def admits(chosen, held):
    return (
        (chosen.status is None or held.status in chosen.status)
        and (not chosen.job_class or held.job_class in chosen.job_class)
        and (not chosen.gpu_type or held.gpu_type.lower() in {t.lower() for t in chosen.gpu_type})
        and (not chosen.initiative_id or held.initiative_id in chosen.initiative_id)
        and (chosen.priority_min is None or held.priority >= chosen.priority_min)
        and (chosen.submitted_from is None or held.submitted_at >= chosen.submitted_from)
        and all(contains(held, word) for word in (chosen.query or "").split())
    )


@settings(deadline=None)
@given(rows, filters, st.sampled_from(["submitted_at", "priority", "name", "started_at"]), st.sampled_from([1, 3, 50]))
def test_every_way_of_finding_gives_the_same_pages(made, chosen, sort_by, limit):
    connection = database()
    held = [
        workload(n, status=status, job_class=kind, gpu_type=gpu, initiative_id=team, priority=priority, name=name)
        for n, (status, kind, gpu, team, priority, name) in enumerate(made)
    ]
    for row in held:
        workloads.add(connection, row)
    expected = [row for row in held if admits(chosen, row)]
    expected.sort(key=lambda row: ("" if sort_by == "started_at" else getattr(row, sort_by), held.index(row)))

    found, after = [], None
    for order in ("asc", "desc"):
        found, after = [], None
        while True:
            page = queries.page(connection, chosen, Cut(sort_by=sort_by, sort_order=order, limit=limit, after=after))
            found += [item.id for item in page.items]
            after = page.next
            if after is None:
                break
        assert found == [row.id for row in (expected if order == "asc" else reversed(expected))]
        assert page.total == len(expected)
    counted = queries.count_by(connection, "initiative_id", chosen)
    assert counted == {t: n for t in "xy" if (n := sum(row.initiative_id == t for row in expected))}
    told = statistics.overview(connection, chosen, AT)
    assert sum(told.by_status.values()) == told.totals.workloads == len(expected)
    assert told.by_job_class == queries.count_by(connection, "job_class", chosen)
    connection.close()


@settings(deadline=None)
@given(rows, st.lists(st.tuples(st.integers(0, 40), st.sampled_from(STATUSES)), max_size=30))
def test_counts_follow_every_change(made, changes):
    connection = database()
    for number, row in enumerate(made):
        workloads.add(connection, workload(number, status=row[0], gpu_type=row[2]))
    for number, status in changes:
        workloads.advance(connection, f"wl_{number}", status, AT, since=STATUSES, changes={"capacity_pool_id": "p"})
    connection.execute("DELETE FROM events")
    connection.execute("DELETE FROM workloads WHERE seq % 3 = 0")

    for dimension in ("status", "gpu_type", "capacity_pool_id"):
        plain = f"SELECT {dimension}, COUNT(*) FROM workloads WHERE {dimension} IS NOT NULL GROUP BY 1"
        assert queries.count_by(connection, dimension, Filter()) == dict(connection.execute(plain).fetchall())
    connection.execute("INSERT INTO workload_words (workload_words) VALUES ('integrity-check')")
    connection.close()


FILTERS = {
    "status": Filter(status=(Status.FAILED,)),
    "job_class": Filter(job_class=(JobClass.ELASTIC,)),
    "gpu_type": Filter(gpu_type=("a100",)),
    "initiative_id": Filter(initiative_id=("x",)),
    "submitted_by": Filter(submitted_by=("me",)),
    "capacity_pool_id": Filter(capacity_pool_id=("p",)),
    "several": Filter(status=(Status.FAILED, Status.PREEMPTED)),
    "priority": Filter(priority_min=90, priority_max=95),
    "requested_gpus": Filter(requested_gpus_min=64),
    "submitted_at": Filter(submitted_from=AT, submitted_to=AT + timedelta(hours=1)),
    "word": Filter(query="llama"),
    "word and status": Filter(query="llama", status=(Status.FAILED,)),
}


def plans(connection, ask):
    """What SQLite says of every statement that is run meanwhile (EXPLAIN QUERY PLAN)."""
    asked = []
    connection.set_trace_callback(asked.append)
    ask()
    connection.set_trace_callback(None)
    told = [connection.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall() for sql in asked if sql.startswith("SELECT")]
    return [row["detail"] for plan in told for row in plan]


def whole(plan):
    """The steps that read every workload."""
    return [step for step in plan if step.startswith("SCAN workloads") and "INDEX" not in step]


@pytest.mark.parametrize("name", FILTERS)
def test_no_filter_scans_the_table(name):
    connection = database()

    assert whole(plans(connection, lambda: queries.page(connection, FILTERS[name], Cut()))) == []
    assert whole(plans(connection, lambda: queries.count(connection, FILTERS[name]))) == []
    connection.close()


@pytest.mark.parametrize("name", get_args(queries.Dimension))
def test_pages_of_one_filter_are_read_from_its_index_in_their_order(name):
    connection = database()
    after = Position("2024-01-15T00:00:00.000000Z", 7)

    plan = plans(connection, lambda: queries.page(connection, FILTERS[name], Cut(after=after)))

    assert any(f"USING INDEX workloads_of_{name}" in step or f"workloads_of_{name} " in step for step in plan), plan
    connection.close()


@pytest.mark.parametrize("sort_by", get_args(queries.Sortable))
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_every_order_is_that_of_an_index(sort_by, order):
    connection = database()

    plan = plans(connection, lambda: queries.page(connection, Filter(), Cut(sort_by=sort_by, sort_order=order)))

    assert any("SCAN workloads USING" in step and f"workloads_by_{sort_by}" in step for step in plan), plan
    connection.close()


def test_the_scheduler_reads_unfinished_workloads_alone():
    connection = database()

    plan = plans(connection, lambda: workloads.claims(connection))

    assert plan == ["SCAN workloads USING INDEX workloads_unfinished"]
    connection.close()


def test_gpu_hours_of_a_stretch_of_time_are_read_from_what_ended_in_it():
    connection = database()

    plan = plans(connection, lambda: statistics.gpu_hours_since(connection, Filter(), AT, AT, "initiative_id"))

    assert whole(plan) == []
    assert any("SEARCH workloads USING" in step and "completed_at>?" in step for step in plan), plan
    connection.close()
