"""Many workloads at once, against an API that counts what it is asked."""

import re

import pytest

from chamber.core.errors import ClientClosedError, NotFoundError, ServerError, TransportError, WaitTimeout
from chamber.core.testing import RecordingTransport, Reply

LISTING = "GET workloads"


class Fleet(RecordingTransport):
    """An API with workloads, which can be down for so many answers, and whose state `moves` before each sleep ends."""

    def __init__(self, count, status="RUNNING"):
        super().__init__()
        self.status = {f"wl_{number}": status for number in range(count)}
        self.unlisted = set()
        self.outages = []
        self.moves = []
        self.clock.sleep = self._sleep

    async def _sleep(self, seconds):
        self.clock.time += seconds
        if self.moves and seconds >= 10:
            self.moves.pop(0)()

    def ended(self, *ids, status="COMPLETED"):
        return lambda: self.status.update(dict.fromkeys(ids or self.status, status))

    def _reply(self, call):
        if self.outages and (outage := self.outages.pop(0)) is not None:
            return outage if isinstance(outage, BaseException) else Reply(outage)
        if call == LISTING:
            return self._page(self.calls[-1].params)
        workload_id = call.removeprefix("GET workloads/")
        return Reply(body=self._shown(workload_id)) if workload_id in self.status else Reply(404)

    def _page(self, params):
        start, limit = int(params.get("next_token", 0)), int(params["limit"])
        shown = [self._shown(i) for i in reversed(self.status) if i not in self.unlisted]
        following = str(start + limit) if start + limit < len(shown) else None
        return Reply(body={"workloads": shown[start : start + limit], "metadata": {"next_token": following}})

    def _shown(self, workload_id):
        submitted = f"2026-01-01T00:00:{int(re.sub('[^0-9]', '', workload_id)) % 60:02}Z"
        return {"id": workload_id, "name": "n", "status": self.status[workload_id], "submitted_at": submitted}

    @property
    def listings(self):
        return [call for call in self.calls if call.path == "workloads"]


def lost(number=1):
    return [TransportError("gone") for _ in range(number)]


def test_many_workloads_are_read_with_one_request(client_of):
    fleet = Fleet(100)
    batch = client_of(fleet).get_workloads([f"wl_{n}" for n in range(100)])
    assert (len(batch), len(fleet.calls)) == (100, 1)


def test_two_workloads_are_read_with_one_request(client_of):
    fleet = Fleet(2)
    batch = client_of(fleet).get_workloads(["wl_1", "wl_0"])
    assert ([w.id for w in batch], len(fleet.calls)) == (["wl_1", "wl_0"], 1)


def test_waiting_for_many_costs_one_request_for_each_look(client_of):
    fleet = Fleet(60)
    fleet.moves = [lambda: None, fleet.ended("wl_3", "wl_7"), fleet.ended()]
    batch = client_of(fleet).wait_for_all(list(fleet.status), poll_interval=10)
    assert (len(batch), len(fleet.calls)) == (60, 4)
    assert all(w.status == "COMPLETED" for w in batch)


def test_workloads_that_have_ended_are_not_asked_for_again(client_of):
    fleet = Fleet(3)
    fleet.moves = [fleet.ended("wl_0", "wl_1"), fleet.ended()]
    client_of(fleet).wait_for_all(list(fleet.status), poll_interval=10)
    assert [call.path for call in fleet.calls] == ["workloads", "workloads", "workloads/wl_2"]


def test_looks_after_the_first_list_only_what_was_submitted_since_the_oldest(client_of):
    fleet = Fleet(9)
    fleet.moves = [fleet.ended()]
    client_of(fleet).wait_for_all(["wl_5", "wl_8"], poll_interval=10)
    first, second = fleet.listings
    assert "submitted_after" not in first.params
    assert second.params["submitted_after"] == second.params["start_date"] == "2025-12-31T23:55:05Z"


def test_workloads_that_the_listing_does_not_show_are_read_one_by_one(client_of):
    fleet = Fleet(8)
    fleet.unlisted = {"wl_2", "wl_5"}
    batch = client_of(fleet).get_workloads(list(fleet.status))
    assert list(batch.found) == list(fleet.status)
    assert sorted(call.path for call in fleet.calls) == ["workloads", "workloads/wl_2", "workloads/wl_5"]


def test_a_listing_is_read_no_further_than_it_may_pay(client_of):
    fleet = Fleet(1000)
    batch = client_of(fleet).get_workloads([f"wl_{n}" for n in range(5)])
    assert (len(batch), len(fleet.listings), len(fleet.calls)) == (5, 2, 7)


def test_results_have_the_order_of_the_ids_and_each_id_once(client_of):
    ids = ["wl_7", "wl_0", "wl_none", "wl_3", "wl_0"]
    batch = client_of(Fleet(9)).get_workloads(ids)
    assert [w.id for w in batch] == ["wl_7", "wl_0", "wl_3"]
    assert list(batch.failed) == ["wl_none"]


def test_what_cannot_be_read_is_told_by_id_and_hinders_nothing_else(client_of):
    fleet = Fleet(3, status="COMPLETED")
    batch = client_of(fleet).wait_for_all(["wl_0", "wl_none", "../teams", "wl_2"])
    assert list(batch.found) == ["wl_0", "wl_2"]
    assert {i: type(e).__name__ for i, e in batch.failed.items()} == {
        "wl_none": "NotFoundError",
        "../teams": "ValidationError",
    }
    with pytest.raises(NotFoundError):
        batch["wl_none"]
    with pytest.raises(NotFoundError):
        batch.raise_for_failures()


def test_a_workload_that_vanishes_while_it_is_waited_for_is_a_failure_and_not_a_result(client_of):
    fleet = Fleet(2)
    fleet.moves = [lambda: (fleet.status.pop("wl_0"), fleet.ended()())]
    batch = client_of(fleet).wait_for_all(["wl_0", "wl_1"], poll_interval=10)
    assert (list(batch.found), list(batch.failed)) == (["wl_1"], ["wl_0"])


@pytest.mark.parametrize("outage", [TransportError("gone"), 500, 503, 429, 408])
@pytest.mark.parametrize("ids", [["wl_0"], ["wl_0", "wl_1", "wl_2"]])
def test_an_outage_while_waiting_is_not_final(client_of, ids, outage):
    fleet = Fleet(3, status="COMPLETED")
    fleet.outages = [outage] * 12
    batch = client_of(fleet).wait_for_all(ids, poll_interval=10)
    assert (list(batch.found), batch.failed) == (ids, {})


def test_a_listing_that_is_refused_is_done_without(client_of):
    fleet = Fleet(3, status="COMPLETED")
    fleet.outages = [403]
    batch = client_of(fleet).wait_for_all(list(fleet.status))
    assert (len(batch), len(fleet.calls)) == (3, 4)


def test_a_listing_that_fails_is_not_made_up_for_by_a_storm_of_requests(client_of):
    fleet = Fleet(200)
    fleet.outages = lost(100)
    batch = client_of(fleet).get_workloads(list(fleet.status))
    assert (len(batch.found), len(batch.failed), len(fleet.calls)) == (0, 200, 5)


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_refusal_while_waiting_is_final(client_of, status):
    fleet = Fleet(1)
    fleet.outages = [status]
    batch = client_of(fleet).wait_for_all(["wl_0"])
    assert batch.failed["wl_0"].status_code == status


def test_waiting_for_all_ends_with_the_first_that_has_not_ended(client_of):
    fleet = Fleet(5)
    fleet.status["wl_0"] = "COMPLETED"
    with pytest.raises(WaitTimeout, match=r"wl_1, RUNNING\) and 3 more have not ended after 25 s") as caught:
        client_of(fleet).wait_for_all(list(fleet.status), poll_interval=10, timeout=25)
    assert caught.value.workload.id == "wl_1"
    assert fleet.clock.time == 25


def test_waiting_for_all_with_no_time_looks_once(client_of):
    fleet = Fleet(2)
    with pytest.raises(WaitTimeout):
        client_of(fleet).wait_for_all(["wl_0", "wl_1"], timeout=0)
    assert (len(fleet.calls), fleet.clock.time) == (1, 0)


def test_a_wait_that_never_saw_its_workload_says_why(client_of):
    fleet = Fleet(1)
    fleet.outages = lost(100)
    with pytest.raises(WaitTimeout, match="wl_0, which could not be read") as caught:
        client_of(fleet).wait_for_all(["wl_0"], timeout=0)
    assert isinstance(caught.value.__cause__, TransportError)
    assert caught.value.workload is None


def test_nothing_to_wait_for_is_done_at_once(client_of):
    fleet = Fleet(1)
    assert len(client_of(fleet).wait_for_all([])) == 0
    assert fleet.calls == []


def test_a_single_text_is_one_id(client_of):
    assert [w.id for w in client_of(Fleet(2)).get_workloads("wl_1")] == ["wl_1"]


def test_a_closed_client_waits_for_nothing(client_of):
    fleet = Fleet(3)
    fleet._closed = True
    with pytest.raises(ClientClosedError):
        client_of(fleet).wait_for_all(list(fleet.status))


def test_a_workload_is_watched_through_each_change_of_its_status(client_of):
    fleet = Fleet(1, status="PENDING")
    states = ["PENDING", "STARTING", "STARTING", "RUNNING", "PAUSED", "FAILED"]
    fleet.moves = [fleet.ended(status=status) for status in states]
    seen = [w.status for w in client_of(fleet).watch_workload("wl_0", poll_interval=10)]
    assert seen == ["PENDING", "STARTING", "RUNNING", "PAUSED", "FAILED"]


def test_an_outage_while_watching_is_not_final(client_of):
    fleet = Fleet(1)
    fleet.outages = [None, *lost(5), *[502] * 5]
    fleet.moves = [lambda: None, lambda: None, fleet.ended()]
    seen = [w.status for w in client_of(fleet).watch_workload("wl_0", poll_interval=10)]
    assert seen == ["RUNNING", "COMPLETED"]


def test_an_outage_before_the_first_look_of_a_watch_is_not_final(client_of):
    fleet = Fleet(1, status="COMPLETED")
    fleet.outages = [500] * 12
    assert [w.status for w in client_of(fleet).watch_workload("wl_0")] == ["COMPLETED"]


def test_watching_what_was_never_seen_fails_in_time_as_the_last_look_did(client_of):
    fleet = Fleet(1)
    fleet.outages = [500] * 1000
    with pytest.raises(ServerError):
        list(client_of(fleet).watch_workload("wl_0", timeout=12))


def test_watching_ends_in_time(client_of):
    fleet = Fleet(1)
    with pytest.raises(WaitTimeout, match="not ended after 12 s"):
        list(client_of(fleet).watch_workload("wl_0", timeout=12))
    assert fleet.clock.time == 12


def test_waiting_for_all_gives_up_an_api_that_stays_away_for_15_minutes(client_of):
    transport = RecordingTransport({"GET workloads": Reply(503)})
    with pytest.raises(ServerError):
        client_of(transport).wait_for_all(["wl_1", "wl_2"], 30.0)
    assert 900 < transport.clock.time < 1000
