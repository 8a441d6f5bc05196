"""The laws of scheduling, held by a machine that submits, ends and preempts in every order."""

import itertools
from datetime import UTC, datetime

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from chamber.local.scheduling.decisions import Resize, Wait
from chamber.local.scheduling.organisation import Grant, Organisation
from chamber.local.scheduling.scheduler import State, decide
from chamber.local.workloads import Claim, JobClass, Pool, Reservation, Status

NOW = datetime(2024, 1, 15, tzinfo=UTC)
TEAMS = ("top", "left", "right", "low", "other")
PARENTS = {"top": None, "left": "top", "right": "top", "low": "left", "other": None}
RESERVED = JobClass.RESERVED
owners = st.sampled_from([None, "top", "top", "left", "low", "other"])

asks = st.tuples(
    st.sampled_from(TEAMS),
    st.sampled_from([RESERVED, RESERVED, JobClass.ELASTIC]),
    st.sampled_from(["H100"] * 6 + ["A100", "TPU"]),
    st.integers(1, 4),
    st.sampled_from([1.0, 1.0, 2.0, 0.5, 0.0]),
    st.sampled_from([None, "GANG", "ELASTIC"]),
    st.integers(0, 1),
    st.sampled_from([None, None, None, "a0", "a1"]),
)


@st.composite
def organisations(draw):
    """Pools of three sizes; where GPUs are reserved, several teams of one tree have some."""
    sizes = (draw(st.integers(2, 8)), draw(st.integers(0, 6)), draw(st.integers(0, 4)))
    there = tuple(Pool(f"p{n}", f"p{n}", ("H100", "H100", "A100")[n], size) for n, size in enumerate(sizes))
    budgets = draw(st.dictionaries(st.sampled_from(TEAMS), st.just(10.0), max_size=1))
    if not draw(st.integers(0, 3)):
        return Organisation(pools=there, parents=PARENTS, budgets=budgets)
    kept = tuple(
        Reservation(f"r{p.id}", p.id, p.total_gpus - draw(st.integers(0, p.total_gpus // 2)), draw(owners))
        for p in there
    )
    grants = tuple(
        Grant(f"a{n}", team, draw(st.sampled_from(["rp0", "rp0", "rp1"])), draw(st.integers(1, 3)))
        for n, team in enumerate(draw(st.lists(st.sampled_from(TEAMS), max_size=3)))
    )
    return Organisation(pools=there, reservations=kept, grants=grants, parents=PARENTS, budgets=budgets)


class Scheduling(RuleBasedStateMachine):
    @initialize(organisation=organisations(), scalable=st.booleans())
    def begin(self, organisation, scalable):
        self.organisation, self.scalable = organisation, scalable
        self.claims: dict[str, Claim] = {}
        self.leaving: set[str] = set()
        self.used: dict[str, float] = {}
        self.count = 0

    @rule(asked=st.lists(asks, min_size=1, max_size=4))
    def submit(self, asked):
        for team, kind, gpu_type, pods, pod_gpus, mode, priority, allocation in asked:
            self.count += 1
            self.claims[f"w{self.count}"] = Claim(
                f"w{self.count}",
                self.count,
                Status.PENDING,
                team,
                gpu_type,
                pods * pod_gpus,
                kind,
                priority,
                allocation_id=allocation,
                scaling_mode=mode,
                requested_pods=pods,
                min_pods=(pods + 1) // 2,
            )
        self.decide()

    @precondition(lambda self: self.claims)
    @rule(data=st.data())
    def end(self, data):
        """Something is over: by itself, cancelled, or preempted and now gone."""
        gone = data.draw(st.sampled_from(sorted(self.claims)))
        del self.claims[gone]
        self.leaving.discard(gone)
        self.decide()

    @precondition(lambda self: any(c.status is Status.STARTING for c in self.claims.values()))
    @rule(data=st.data())
    def run(self, data):
        starting = sorted(c.id for c in self.claims.values() if c.status is Status.STARTING)
        chosen = data.draw(st.sampled_from(starting))
        self.change(chosen, status=Status.RUNNING, started_at=f"{self.count:06}")
        self.decide()

    @rule(team=st.sampled_from(TEAMS), hours=st.sampled_from([3.0, 8.0]))
    def use(self, team, hours):
        self.used[team] = self.used.get(team, 0.0) + hours
        self.decide()

    @rule()
    def a_new_month(self):
        self.used = {}
        self.decide()

    def state(self, claims=None):
        return State(
            organisation=self.organisation,
            claims=tuple(self.claims.values()) if claims is None else claims,
            used=self.used,
            leaving=frozenset(self.leaving),
            scalable=self.scalable,
        )

    def decide(self):
        decisions = decide(self.state(), NOW)
        assert decisions == decide(self.state(tuple(reversed(self.claims.values()))), NOW), "not determined"
        for decision in decisions:
            self.apply(decision)
            self.nothing_is_oversubscribed()
        assert decide(self.state(), NOW) == (), "deciding again changes something"

    def apply(self, decision):
        claim = self.claims[decision.workload_id]
        if isinstance(decision, Wait):
            assert not claim.holds
            self.change(claim.id, waiting_reason=decision.reason, pool_id=decision.pool_id or claim.pool_id)
        elif isinstance(decision, Resize):
            assert self.scalable
            assert claim.running
            assert claim.scaling_mode == "ELASTIC"
            assert claim.least_pods <= decision.pods <= claim.pods
            assert claim.job_class is not RESERVED or decision.pods > claim.held_pods, "reserved pods are taken away"
            self.change(claim.id, running_pods=decision.pods)
        else:
            self.move(claim, decision)

    def move(self, claim, decision):
        if decision.status is Status.PREEMPTED:
            assert claim.job_class is not RESERVED, "reserved work is preempted"
            assert claim.holds
            self.leaving.add(claim.id)
        elif decision.status is Status.FAILED:
            assert decision.reason
            del self.claims[claim.id]
        elif decision.status is Status.QUEUED:
            assert claim.status is Status.PENDING
            self.change(claim.id, status=Status.QUEUED, pool_id=decision.pool_id, waiting_reason=decision.reason)
        else:
            assert claim.status is Status.QUEUED
            assert not self.over_budget(claim), "GPU-hours that are used up are spent"
            self.nobody_is_overtaken(claim, decision)
            whole = claim.scaling_mode != "ELASTIC"
            assert decision.pods == claim.pods if whole else claim.least_pods <= decision.pods <= claim.pods
            self.change(
                claim.id,
                status=Status.STARTING,
                pool_id=decision.pool_id,
                running_pods=decision.pods,
                waiting_reason=None,
            )

    def nobody_is_overtaken(self, claim, decision):
        """What starts takes nothing that older work of its class, or work of more priority, waits for in that pool."""
        rank = (-claim.priority, claim.order)
        before = [
            c
            for c in self.claims.values()
            if not c.holds and c.job_class is claim.job_class and c.pool_id == decision.pool_id and c.id != claim.id
            if (-c.priority, c.order) < rank and not self.over_budget(c)
        ]
        if claim.job_class is not RESERVED:
            assert before == []
            return
        least = [msgspec.structs.replace(c, running_pods=c.least_pods) for c in before]
        held = [*self.holding(decision.pool_id, RESERVED), *least]
        started = msgspec.structs.replace(claim, running_pods=decision.pods)
        missing = self.missing(held, decision.pool_id)
        assert self.missing([*held, started], decision.pool_id) <= missing + 1e-6, "older work loses its place"

    def change(self, name, **fields):
        self.claims[name] = msgspec.structs.replace(self.claims[name], **fields)

    def holding(self, pool_id, kind=None):
        return [c for c in self.claims.values() if c.holds and c.pool_id == pool_id and kind in {None, c.job_class}]

    def over_budget(self, claim):
        return any(
            sum(hours for team, hours in self.used.items() if above in self.organisation.chain(team)) >= budget
            for above, budget in self.organisation.budgets.items()
            if above in self.organisation.chain(claim.team_id)
        )

    def fits_reservations(self, claims, pool_id):
        return self.missing(claims, pool_id) < 1e-6

    def missing(self, claims, pool_id):
        """The GPUs that reservations lack for some work (Hall): the most that any set of teams lacks."""
        shares = [s for s in self.organisation.shares() if s.pool_id == pool_id]
        known = {s.id for s in shares} if self.organisation.reservations else set()
        asks = [(c.team_id, c.allocation_id if c.allocation_id in known else None, c.held_gpus) for c in claims]
        groups = sorted({(team, pin) for team, pin, _ in asks}, key=str)
        missing = 0.0
        for chosen in itertools.chain.from_iterable(itertools.combinations(groups, n) for n in range(len(groups) + 1)):
            usable = sum(s.gpus for s in shares if any(self.may_use(s, team, pin) for team, pin in chosen))
            missing = max(missing, sum(gpus for team, pin, gpus in asks if (team, pin) in chosen) - usable)
        return missing

    def may_use(self, share, team, pin):
        return share.id == pin if pin else share.team_id in self.organisation.chain(team)

    @invariant()
    def nothing_is_oversubscribed(self):
        for pool in self.organisation.pools:
            assert sum(c.held_gpus for c in self.holding(pool.id)) <= pool.total_gpus + 1e-6

    @invariant()
    def reserved_work_stays_within_its_reservations(self):
        for pool in self.organisation.pools:
            assert self.fits_reservations(self.holding(pool.id, RESERVED), pool.id)

    @invariant()
    def whatever_waits_says_why(self):
        for claim in self.claims.values():
            assert claim.holds or claim.waiting_reason, claim

    @invariant()
    def the_first_reserved_work_has_what_its_reservation_holds(self):
        """It runs, or the workloads that make room for it are being ended."""
        waiting = [c for c in self.claims.values() if not c.holds and c.job_class is RESERVED]
        waiting = [c for c in waiting if not self.over_budget(c)]
        for first in sorted(waiting, key=lambda c: (-c.priority, c.order))[:1]:
            least = msgspec.structs.replace(first, running_pods=first.least_pods)
            for pool in self.organisation.pools:
                if pool.gpu_type != first.gpu_type or self.leaving:
                    continue
                if first.allocation_id and self.organisation.reservations:
                    shares = {s.id: s.pool_id for s in self.organisation.shares()}
                    if shares.get(first.allocation_id) != pool.id:
                        continue
                assert not self.fits_reservations([*self.holding(pool.id, RESERVED), least], pool.id), first

    @invariant()
    def idle_gpus_are_used(self):
        waiting = [c for c in self.claims.values() if not c.holds and not self.over_budget(c)]
        if any(c.job_class is RESERVED for c in waiting) or self.leaving:
            return
        for first in sorted(waiting, key=lambda c: (-c.priority, c.order))[:1]:
            for pool in self.organisation.pools:
                if pool.gpu_type == first.gpu_type:
                    idle = pool.total_gpus - sum(c.held_gpus for c in self.holding(pool.id))
                    assert idle < first.least_gpus - 1e-6, first

    def teardown(self):
        """Whatever the order in which work ends, all of it gets its turn."""
        if not hasattr(self, "claims"):
            return
        self.used = {}
        self.decide()
        while self.claims:
            over = next((c.id for c in self.claims.values() if c.holds), None)
            assert over, f"nothing runs, and these wait for ever: {self.claims}"
            del self.claims[over]
            self.leaving.discard(over)
            self.decide()


TestScheduling = Scheduling.TestCase
TestScheduling.settings = settings(max_examples=250, stateful_step_count=20, deadline=None)
