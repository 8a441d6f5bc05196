"""Pages under submissions: whoever goes on from a cursor misses nothing and sees nothing twice."""

import itertools

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

NUMBERS = itertools.count()


def test_pages_are_stable_under_submissions_and_cancellations(simulated):
    run_state_machine_as_test(
        lambda: Paging(simulated),
        settings=settings(
            max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


class Reading:
    """Somebody who reads page after page."""

    def __init__(self, there, kind, order):
        self.there, self.kind, self.order = list(there), kind, order
        self.seen: list[str] = []
        self.cursor: str | None = None
        self.begun = self.over = False


class Paging(RuleBasedStateMachine):
    """One team's workloads, made and cancelled while several readers turn pages."""

    readings = Bundle("readings")

    def __init__(self, call):
        super().__init__()
        self.call = call
        self.team = call("POST", "/v1/teams", {"name": "pages"}).data["id"]
        self.made: list[str] = []
        self.readers: list[Reading] = []

    @rule(count=st.integers(1, 4), priority=st.integers(0, 99))
    def submit(self, count, priority):
        for _ in range(count):
            fields = {"name": f"job {next(NUMBERS) % 5}", "initiative_id": self.team, "priority": priority}
            self.made.append(self.call.submit(metadata={"simulated_seconds": 600}, **fields))

    @rule(data=st.data())
    def cancel(self, data):
        if self.made:
            self.call("POST", f"/v1/workloads/{data.draw(st.sampled_from(self.made))}/cancel")

    @rule(target=readings, kind=st.sampled_from(["list", "submitted_at", "name", "priority"]), desc=st.booleans())
    def begin(self, kind, desc):
        self.readers.append(Reading(self.made, kind, "desc" if desc else "asc"))
        return self.readers[-1]

    @rule(reading=readings, size=st.integers(1, 5))
    def turn(self, reading, size):
        if reading.over:
            return
        items, reading.cursor = (self._listed if reading.kind == "list" else self._found)(reading, size)
        reading.seen += [item["workload_id"] for item in items]
        reading.over = reading.cursor is None

    def _listed(self, reading, size):
        at = f"&next_token={reading.cursor}" if reading.cursor else f"&sort_order={reading.order}"
        answer = self.call("GET", f"/v1/workloads?initiative_id={self.team}&limit={size}{at}").json
        return answer["data"]["workloads"], answer["metadata"]["next_token"]

    def _found(self, reading, size):
        asked = {"initiative_id": [self.team], "sort_by": reading.kind, "sort_order": reading.order}
        at = {"cursor": reading.cursor} if reading.cursor else asked
        found = self.call("POST", "/v1/workloads/search", {"page_size": size, **at}).data
        return found.get("items", found.get("results")), found["next_cursor"]

    @invariant()
    def nothing_is_seen_twice(self):
        for reading in self.readers:
            assert len(set(reading.seen)) == len(reading.seen)

    @invariant()
    def whoever_read_to_the_end_saw_all_that_was_there_when_they_began(self):
        for reading in self.readers:
            if reading.over:
                assert set(reading.there) <= set(reading.seen) <= set(self.made)

    @invariant()
    def what_is_seen_is_in_the_order_of_submission(self):
        for reading in self.readers:
            if reading.kind in {"list", "submitted_at"}:
                places = [self.made.index(seen) for seen in reading.seen]
                assert places == sorted(places, reverse=reading.order == "desc")
