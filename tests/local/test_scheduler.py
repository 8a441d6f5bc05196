from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from chamber.local.scheduler import decide
from chamber.local.workloads import Pool, Status, Workload

NOW = datetime(2024, 1, 15, 10, 30, tzinfo=UTC)
H100 = Pool("pool_h100", "local H100", "H100", 8)
A100 = Pool("pool_a100", "local A100", "A100", 2)


def workload(name, gpus=1.0, status=Status.PENDING, gpu_type="H100", pool=None):
    return Workload(
        id=name,
        name=name,
        status=status,
        initiative_id="init",
        gpu_type=gpu_type,
        requested_gpus=gpus,
        priority=50,
        submitted_by="me",
        submitted_at=NOW,
        capacity_pool_id=pool,
    )


def told(decisions):
    return [(d.workload_id, d.status) for d in decisions]


def test_a_pending_workload_is_queued_and_then_started_where_there_is_room():
    assert told(decide([workload("a")], [H100], NOW)) == [("a", Status.QUEUED), ("a", Status.STARTING)]


def test_the_pool_is_chosen_by_gpu_type_in_any_case():
    (queued, started) = decide([workload("a", gpu_type="a100")], [H100, A100], NOW)

    assert (queued.pool_id, started.pool_id) == ("pool_a100", "pool_a100")


def test_a_workload_waits_in_the_queue_while_the_gpus_are_held():
    running = workload("a", 6, Status.RUNNING, pool="pool_h100")

    assert told(decide([running, workload("b", 4)], [H100], NOW)) == [("b", Status.QUEUED)]


def test_a_small_workload_does_not_overtake_a_large_one():
    running = workload("a", 6, Status.RUNNING, pool="pool_h100")
    large = workload("b", 4, Status.QUEUED, pool="pool_h100")

    assert told(decide([running, large, workload("c", 1)], [H100], NOW)) == [("c", Status.QUEUED)]


def test_a_full_pool_does_not_hold_up_another():
    running = workload("a", 8, Status.RUNNING, pool="pool_h100")
    waiting = workload("b", 1, Status.QUEUED, pool="pool_h100")

    decisions = decide([running, waiting, workload("c", gpu_type="A100")], [H100, A100], NOW)

    assert told(decisions) == [("c", Status.QUEUED), ("c", Status.STARTING)]


def test_what_can_never_fit_fails_and_says_what_there_is():
    (decision,) = decide([workload("a", 9)], [H100, A100], NOW)

    assert decision.status is Status.FAILED
    assert decision.reason == ("can never be scheduled: it asks for 9 H100, and this Chamber has H100 x 8, A100 x 2")


def test_an_unknown_gpu_type_fails_even_where_there_are_no_pools():
    (decision,) = decide([workload("a", gpu_type="TPU")], [], NOW)

    assert decision.reason == "can never be scheduled: it asks for 1 TPU, and this Chamber has no GPUs"


@given(
    st.lists(st.tuples(st.sampled_from(["H100", "A100"]), st.integers(0, 9)), max_size=20),
    st.lists(st.integers(0, 30), max_size=60),
)
def test_gpus_are_never_given_twice_and_order_is_kept_within_a_pool(asked, endings):
    held = [workload(f"w{i:02}", float(n), gpu_type=kind) for i, (kind, n) in enumerate(asked)]
    started: dict[str, list[str]] = {"H100": [], "A100": []}
    for ending in [*endings, *range(len(held))]:
        for decision in decide(held, [H100, A100], NOW):
            held = [_changed(w, decision, started) if w.id == decision.workload_id else w for w in held]
        for pool in (H100, A100):
            used = sum(w.requested_gpus for w in held if w.status is Status.STARTING and w.gpu_type == pool.gpu_type)
            assert used <= pool.total_gpus
        held = [w for i, w in enumerate(held) if w.status is not Status.STARTING or i != ending % len(held)]
    assert all(names == sorted(names) for names in started.values())


def _changed(held, decision, started):
    if decision.status is Status.STARTING:
        started[held.gpu_type].append(held.id)
    return workload(held.id, held.requested_gpus, decision.status, held.gpu_type, decision.pool_id)
