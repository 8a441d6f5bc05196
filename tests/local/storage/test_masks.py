"""What is remembered of a search is what a search that remembers nothing finds."""

import sqlite3

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from stored import AT, database, workload

from chamber.local.storage import masks, queries, workloads
from chamber.local.storage.queries import Cut, Filter
from chamber.local.workloads import Status

STATUSES = list(Status)
QUERIES = ["a", "ab", "job", "job 1", "b a", "wl_3", "nothing"]
steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.sampled_from(["ab", "ba", "abc", "c"]), st.integers(-3, 3)),
        st.tuples(st.just("move"), st.integers(0, 9), st.sampled_from(STATUSES)),
        st.tuples(
            st.just("ask"),
            st.sampled_from(QUERIES),
            st.none() | st.lists(st.sampled_from(STATUSES), max_size=2, unique=True).map(tuple),
        ),
    ),
    max_size=15,
)


@settings(deadline=None, max_examples=40)
@given(steps, st.sampled_from([0, 1, 4000]), st.sampled_from([0, 2, 5000]))
def test_what_is_remembered_follows_every_change(made, with_a_word, changes):
    connection, number = database(), 0
    kept = masks._MANY_WITH_A_WORD, masks._MANY_CHANGES
    masks._MANY_WITH_A_WORD, masks._MANY_CHANGES = with_a_word, changes
    try:
        for what, first, second in made:
            if what == "add":
                at = AT.replace(minute=number + 3 + second)
                name = f"job {first} {number}"
                workloads.add(connection, workload(number, name=name, submitted_at=at))
                number += 1
            elif what == "move":
                workloads.advance(connection, f"wl_{first}", second, AT, since=STATUSES)
            else:
                compare(connection, Filter(query=first, status=second))
    finally:
        masks._MANY_WITH_A_WORD, masks._MANY_CHANGES = kept
        connection.close()


def compare(connection, chosen):
    plain = sqlite3.connect(":memory:")
    plain.row_factory = sqlite3.Row
    connection.commit()
    connection.backup(plain)
    for cut in (Cut(limit=3), Cut(limit=100, sort_by="name", sort_order="asc")):
        found, after = 0, None
        while True:
            asked = msgspec.structs.replace(cut, after=after)
            page = queries.page(connection, chosen, asked)
            assert page == queries.page(plain, chosen, asked)
            found, after = found + len(page.items), page.next
            if after is None:
                break
        assert found == page.total
    assert queries.count_by(connection, "status", chosen) == queries.count_by(plain, "status", chosen)
    plain.close()


def test_no_more_is_remembered_than_fits(monkeypatch):
    connection = database()
    for number in range(30):
        workloads.add(connection, workload(number))
    monkeypatch.setattr(masks, "_KEPT", 5 * 31)

    found = [queries.count(connection, Filter(query=f"wl_{number}")) for number in (*range(12), 0)]

    assert found == [1] * 13
    assert len(connection.masks._held) == 5
    connection.close()
