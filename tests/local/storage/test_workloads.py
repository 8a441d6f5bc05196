"""What is kept of a workload while it waits."""

import contextlib

from hypothesis import given
from hypothesis import strategies as st
from stored import AT, database, workload

from chamber.local.storage import workloads
from chamber.local.workloads import Status

REASONS = st.lists(st.tuples(st.text(max_size=20), st.sampled_from([None, "pool_a", "pool_b"])), min_size=1, max_size=5)


@given(said=REASONS)
def test_what_waits_keeps_the_last_reason_and_the_last_pool_that_was_named(said):
    with contextlib.closing(database()) as connection:
        _check(connection, said)


def _check(connection, said):
    workloads.add(connection, workload(1))
    workloads.add(connection, workload(2))
    workloads.advance(connection, "wl_1", Status.QUEUED, AT, since=tuple(Status))
    for reason, pool in said:
        workloads.explain(connection, "wl_1", reason, pool)

    held, other = workloads.every(connection)
    pools = [pool for _, pool in said if pool is not None]
    assert (held.waiting_reason, held.capacity_pool_id) == (said[-1][0], pools[-1] if pools else None)
    assert (other.waiting_reason, other.capacity_pool_id) == (None, None)

    first, last = workloads.history(connection, "wl_1")
    assert (first.reason, last.reason) == (None, said[-1][0])
    claims = {claim.id: (claim.waiting_reason, claim.pool_id) for claim in workloads.claims(connection)}
    assert claims == {"wl_1": (held.waiting_reason, held.capacity_pool_id), "wl_2": (None, None)}
