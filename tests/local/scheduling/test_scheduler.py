from datetime import UTC, datetime

import msgspec
import pytest

from chamber.local.scheduling.decisions import Move, Resize, Wait
from chamber.local.scheduling.organisation import Grant, Organisation
from chamber.local.scheduling.outcomes import carried_out
from chamber.local.scheduling.scheduler import State, decide
from chamber.local.workloads import Claim, JobClass, Pool, Reservation, Status

NOW = datetime(2024, 1, 15, 10, 30, tzinfo=UTC)
H100 = Pool("pool_h100", "local H100", "H100", 8)
A100 = Pool("pool_a100", "local A100", "A100", 2)
PLAIN = Organisation(pools=(H100, A100))
#: Team child is below team top; both have a part of the reservation of 6 GPUs.
SHARED = Organisation(
    pools=(H100,),
    reservations=(Reservation("res", "pool_h100", 6, "top"),),
    grants=(Grant("alloc", "child", "res", 2),),
    parents={"top": None, "child": "top", "other": None},
)
#: Two pools of one GPU type.
TWO = Organisation(pools=(Pool("pool_x", "x", "H100", 4), Pool("pool_y", "y", "H100", 4)))
SCALED = {"scaling_mode": "ELASTIC", "requested_pods": 2, "min_pods": 1}
RESERVED, ELASTIC = JobClass.RESERVED, JobClass.ELASTIC
LETTERS = "abcdefghij"


def claim(name, gpus=1.0, status=Status.PENDING, gpu_type="H100", pool=None, kind=RESERVED, team="top", **fields):
    asked = {"priority": 50, **fields}
    return Claim(name, LETTERS.index(name), status, team, gpu_type, gpus, kind, pool_id=pool, **asked)


def running(name, gpus, kind=RESERVED, pool="pool_h100", started=0, **fields):
    return claim(name, gpus, Status.RUNNING, pool=pool, kind=kind, started_at=f"2024-01-15T10:{started:02}", **fields)


def decided(*claims, organisation=PLAIN, **state):
    return decide(State(organisation=organisation, claims=claims, **state), NOW)


def moves(decisions):
    return [(d.workload_id, d.status) for d in decisions if isinstance(d, Move)]


def started(decisions):
    return [d.workload_id for d in decisions if isinstance(d, Move) and d.status is Status.STARTING]


def settled(*claims, leaving):
    """Where what waits in two pools comes to wait, once deciding again changes nothing."""
    state = State(organisation=TWO, claims=claims, leaving=leaving, scalable=True)
    there, ending = carried_out(claims, decide(state, NOW))
    assert decide(msgspec.structs.replace(state, claims=there, leaving=leaving | ending), NOW) == ()
    return {claim.id: claim.pool_id for claim in there if not claim.holds}


def test_a_pending_workload_is_queued_and_then_started_where_there_is_room():
    assert moves(decided(claim("a"))) == [("a", Status.QUEUED), ("a", Status.STARTING)]


def test_the_pool_is_chosen_by_gpu_type_in_any_case():
    (queued, start) = decided(claim("a", gpu_type="a100"))

    assert (queued.pool_id, start.pool_id) == ("pool_a100", "pool_a100")


def test_a_workload_waits_in_the_queue_while_the_gpus_are_held_and_says_for_what():
    (queued,) = decided(running("a", 6), claim("b", 4))

    assert (queued.status, queued.reason) == (
        Status.QUEUED,
        "waits for GPUs that are reserved for its team to become free in pool_h100",
    )


@pytest.mark.parametrize("kind", [RESERVED, ELASTIC])
def test_a_small_workload_does_not_overtake_a_large_one(kind):
    decisions = decided(running("a", 6), claim("b", 4, Status.QUEUED, kind=kind), claim("c", 1, kind=kind))

    assert started(decisions) == []


def test_a_full_pool_does_not_hold_up_another():
    decisions = decided(running("a", 8), claim("b", 1, Status.QUEUED), claim("c", gpu_type="A100"))

    assert started(decisions) == ["c"]


def test_higher_priority_comes_first_and_then_the_older():
    waiting = [claim(name, 8, priority=priority) for name, priority in [("a", 1), ("b", 5), ("c", 5)]]

    assert started(decided(*waiting)) == ["b"]


def test_what_can_never_fit_fails_and_says_what_there_is():
    (decision,) = decided(claim("a", 9))

    assert decision.status is Status.FAILED
    assert decision.reason == "can never be scheduled: it asks for 9 H100, and this Chamber has H100 x 8, A100 x 2"


def test_an_unknown_gpu_type_fails_even_where_there_are_no_pools():
    (decision,) = decided(claim("a", gpu_type="TPU"), organisation=Organisation())

    assert decision.reason == "can never be scheduled: it asks for 1 TPU, and this Chamber has no GPUs"


def test_reserved_work_uses_its_own_allocation_and_what_its_parent_has_left():
    assert started(decided(claim("a", 6, team="child"), organisation=SHARED)) == ["a"]


def test_the_allocation_of_a_child_is_not_for_its_parent():
    (failed,) = decided(claim("a", 5, team="top"), organisation=SHARED)

    assert failed.reason == (
        "can never be scheduled: it asks for 5 H100 as RESERVED, and team top has 4 reserved in one pool; "
        "submit it as ELASTIC, or have more allocated"
    )


def test_a_team_without_a_reservation_may_use_idle_gpus_only():
    decisions = decided(claim("a", 1, team="other"), claim("b", 8, team="other", kind=ELASTIC), organisation=SHARED)

    assert moves(decisions) == [("a", Status.FAILED), ("b", Status.QUEUED), ("b", Status.STARTING)]


def test_the_work_of_one_team_does_not_hold_up_anothers_reservation():
    waiting = claim("b", 4, Status.QUEUED, team="top")

    assert started(decided(running("a", 4), waiting, claim("c", 2, team="child"), organisation=SHARED)) == ["c"]


def test_a_child_does_not_take_from_its_parent_what_older_work_of_the_parent_waits_for():
    waiting = claim("b", 3, Status.QUEUED, team="top")
    decisions = decided(running("a", 2), waiting, claim("c", 3, team="child"), organisation=SHARED)

    assert started(decisions) == []


def test_work_that_names_an_allocation_stays_within_it():
    named = {"team": "child", "allocation_id": "alloc"}
    decisions = decided(claim("a", 2, **named), claim("b", 1, **named), organisation=SHARED)

    assert started(decisions) == ["a"]
    (failed,) = decided(claim("a", 3, **named), organisation=SHARED)
    assert "the allocation alloc has 2 reserved" in failed.reason


def test_work_cannot_name_the_allocation_of_a_team_that_it_is_not_below():
    (failed,) = decided(claim("a", 1, team="other", allocation_id="alloc"), organisation=SHARED)

    assert failed.reason == "can never be scheduled: the allocation alloc is of the team child"


def test_elastic_work_goes_first_to_a_pool_where_its_own_team_has_gpus():
    pools = tuple(Pool(f"pool_{n}", n, "H100", 8) for n in "xyz")
    kept = (Reservation("r1", "pool_y", 4, "top"), Reservation("r2", "pool_z", 4, "child"))
    there = Organisation(pools=pools, reservations=kept, parents={"child": "top", "top": None})

    chosen = [
        {d.pool_id for d in decided(claim("a", 1, kind=ELASTIC, team=team), organisation=there)}
        for team in ("other", "top", "child")
    ]

    assert chosen == [{"pool_x"}, {"pool_y"}, {"pool_z"}]


def test_reserved_work_preempts_the_elastic_work_that_was_started_last():
    held = [running("a", 3, ELASTIC, started=1), running("b", 3, ELASTIC, started=2), running("c", 2, ELASTIC)]
    decisions = decided(*held, claim("d", 2))

    assert moves(decisions) == [("b", Status.PREEMPTED), ("d", Status.QUEUED)]
    assert decisions[0].reason == "preempted: team top needed its reserved GPUs for workload d"


def test_nobody_else_is_preempted_while_room_is_being_made():
    held = [running("a", 3, ELASTIC, started=1), running("b", 5, ELASTIC, started=2)]
    waiting = claim("c", 4, Status.QUEUED, waiting_reason=None)

    (wait,) = decided(*held, waiting, leaving=frozenset({"b"}))

    assert wait == Wait("c", "waits until the workloads that make room for it have ended in pool_h100", "pool_h100")


def test_gpus_that_reserved_work_waits_for_are_not_given_to_elastic_work():
    held = [running("a", 6, ELASTIC)]
    decisions = decided(*held, claim("b", 4), claim("c", 1, kind=ELASTIC), leaving=frozenset({"a"}))

    assert started(decisions) == []


def test_work_that_comes_to_wait_in_another_pool_is_moved_there_before_others_start_where_it_was():
    held = [running("a", 4, pool="pool_x"), running("b", 3.5, pool="pool_y")]
    waiting = claim("c", 1, Status.QUEUED, pool="pool_y")

    wait, *start = decided(*held, waiting, claim("d", 0.5), organisation=TWO)

    assert wait == Wait("c", "waits for GPUs that are reserved for its team to become free in pool_x", "pool_x")
    assert {move.pool_id for move in start} == {"pool_y"}


def test_work_that_came_to_wait_in_another_pool_stays_there_when_room_is_made_in_the_first_for_others():
    held = [running("a", 4, ELASTIC, "pool_x"), running("b", 4, ELASTIC, "pool_y")]
    waiting = [claim("c", 3, Status.QUEUED, pool="pool_x"), claim("d", 4)]

    assert settled(*held, *waiting, leaving=frozenset({"b"})) == {"c": "pool_y", "d": "pool_x"}


def test_pods_that_are_taken_away_for_others_do_not_move_work_from_where_room_is_made_for_it():
    held = [running("a", 2, ELASTIC, "pool_x", 1, **SCALED), running("b", 2, ELASTIC, "pool_x", 2)]
    held += [running("c", 2, ELASTIC, "pool_y"), running("f", 2, pool="pool_y")]
    waiting = [claim("d", 1, Status.QUEUED, pool="pool_y"), claim("e", 3)]

    there = settled(*held, *waiting, leaving=frozenset({"c"}))

    assert there == {"d": "pool_y", "e": "pool_x"}


def test_gpus_of_pods_that_are_taken_away_for_others_may_start_what_comes_before_them():
    held = [running("a", 3, ELASTIC, scaling_mode="ELASTIC", requested_pods=3, min_pods=2), running("b", 4, ELASTIC)]
    before, after = claim("c", 2, Status.QUEUED, pool="pool_h100"), claim("d", 4, Status.QUEUED, pool="pool_h100")

    decisions = decided(*held, before, after, leaving=frozenset({"b"}), scalable=True)

    assert [d for d in decisions if isinstance(d, Resize)] == [Resize("a", NOW, 2)]
    assert started(decisions) == ["c"]


def test_pods_above_the_least_are_given_up_before_anything_is_preempted():
    scaled = {"scaling_mode": "ELASTIC", "requested_pods": 4, "min_pods": 1}
    held = [running("a", 4, ELASTIC, started=1, **scaled), running("b", 4, ELASTIC, started=2, **scaled)]

    decisions = decided(*held, claim("c", 4), scalable=True)

    assert [d for d in decisions if isinstance(d, Resize)] == [Resize("b", NOW, 1), Resize("a", NOW, 3)]
    assert started(decisions) == ["c"]


def test_whole_workloads_go_when_fewer_pods_do_not_make_enough_room():
    scaled = {"scaling_mode": "ELASTIC", "requested_pods": 4, "min_pods": 3}
    held = [running("a", 4, ELASTIC, started=1, **scaled), running("b", 4, ELASTIC, started=2, **scaled)]

    decisions = decided(*held, claim("c", 4), scalable=True)

    assert moves(decisions) == [("b", Status.PREEMPTED), ("c", Status.QUEUED)]
    assert not [d for d in decisions if isinstance(d, Resize)]


def test_running_pods_stay_where_the_executor_cannot_take_them_away():
    scaled = {"scaling_mode": "ELASTIC", "requested_pods": 8, "min_pods": 1}

    assert moves(decided(running("a", 8, ELASTIC, **scaled), claim("b", 1)))[0] == ("a", Status.PREEMPTED)


@pytest.mark.parametrize(("mode", "pods"), [("ELASTIC", 2), ("GANG", None), (None, None)])
def test_a_gang_is_placed_whole_and_what_scales_as_far_as_it_fits(mode, pods):
    asked = claim("b", 8, kind=ELASTIC, scaling_mode=mode, requested_pods=4, min_pods=2)
    placed = [d.pods for d in decided(running("a", 4), asked) if isinstance(d, Move) and d.status is Status.STARTING]

    assert placed == ([pods] if pods else [])


def test_pods_are_added_when_gpus_free_up():
    asked = running("a", 8, ELASTIC, scaling_mode="ELASTIC", requested_pods=4, min_pods=1, running_pods=1)

    assert decided(running("b", 3), asked, scalable=True) == (Resize("a", NOW, 2),)


def test_pods_are_not_added_while_others_wait_for_the_gpus():
    asked = running("a", 8, ELASTIC, scaling_mode="ELASTIC", requested_pods=4, min_pods=1, running_pods=1)
    waiting = claim("b", 8, Status.QUEUED, kind=ELASTIC)

    assert not any(isinstance(d, Resize) for d in decided(asked, waiting, scalable=True))


def test_a_team_that_has_used_its_gpu_hours_starts_nothing_more_and_neither_do_those_below_it():
    limited = Organisation(pools=(H100,), parents=SHARED.parents, budgets={"top": 10.0})
    waiting = [claim("a", team="child"), claim("b", team="top", kind=ELASTIC), claim("c", team="other")]

    decisions = decided(*waiting, organisation=limited, used={"child": 6.0, "top": 4.0})

    why = "waits: team top has used its 10 GPU-hours of this month"
    assert [d for d in decisions if isinstance(d, Wait)] == [Wait("a", why), Wait("b", why)]
    assert started(decisions) == ["c"]


def test_gpu_hours_that_are_left_may_be_used():
    limited = Organisation(pools=(H100,), budgets={"top": 10.0})

    assert started(decided(claim("a"), organisation=limited, used={"top": 9.9})) == ["a"]
