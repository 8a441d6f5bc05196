"""list_workloads(), iter_workloads() and their sisters in searching: filters, bounds, pages."""

import pytest

from chamber.core import JobStatus, UnexpectedResponseError, ValidationError
from chamber.core.testing import RecordingTransport, recorded_async_client

LISTING, SEARCH, COUNTS = "GET workloads", "POST workloads/search", "GET workloads/aggregations"


def page(*ids, token=None):
    rows = [{"id": i, "name": "n", "status": "RUNNING"} for i in ids]
    return {"workloads": rows, "metadata": {"next_token": token}}


def found(*ids, cursor=None, has_more=None):
    return {**page(*ids), "has_more": bool(cursor) if has_more is None else has_more, "next_cursor": cursor}


@pytest.mark.parametrize(
    ("status", "sent"),
    [
        (JobStatus.RUNNING, "running"),
        ("RUNNING", "running"),
        ("running,failed", "running,failed"),
        ("RUNNING, Failed ", "running,failed"),
        ([JobStatus.RUNNING, "failed"], "running,failed"),
        (("QUEUED",), "queued"),
        (None, None),
        ([], None),
        ("", None),
    ],
)
def test_a_status_is_one_or_a_list_or_comma_separated(client_of, status, sent):
    transport = RecordingTransport({LISTING: page("wl_1")})
    client_of(transport).list_workloads(status=status)
    assert [call.params.get("status") for call in transport.calls] == [sent]


@pytest.mark.parametrize("status", [5, [None], [["running"]], {"running": 1}.items()])
def test_a_status_that_is_none_is_refused(client_of, status):
    transport = RecordingTransport()
    with pytest.raises(ValidationError):
        client_of(transport).list_workloads(status=status)
    assert transport.calls == []


@pytest.mark.parametrize("limit", [0, 101, -1, 1.5, "20", True])
@pytest.mark.parametrize("method", ["list_workloads", "search_workloads"])
def test_a_page_has_1_to_100_workloads(client_of, method, limit):
    transport = RecordingTransport({LISTING: page(), SEARCH: page()})
    name = "limit" if method == "list_workloads" else "page_size"
    with pytest.raises(ValidationError, match=f"{name} is a whole number from 1 to 100"):
        getattr(client_of(transport), method)(**{name: limit})
    assert transport.calls == []


@pytest.mark.parametrize("limit", [1, 100])
def test_the_bounds_themselves_are_allowed(client_of, limit):
    transport = RecordingTransport({LISTING: page()})
    client_of(transport).list_workloads(limit=limit)
    assert transport.calls[0].params["limit"] == str(limit)


@pytest.mark.parametrize(
    ("method", "wrong", "message"),
    [
        ("list_workloads", {"sort_order": "up"}, "sort_order is one of asc, desc"),
        ("search_workloads", {"sort_order": "up"}, "sort_order is one of asc, desc"),
        ("search_workloads", {"priority_min": -1}, "priority_min"),
        ("search_workloads", {"priority_max": 101}, "priority_max"),
        ("search_workloads", {"requested_gpus_min": -1}, "requested_gpus_min"),
        ("search_workloads", {"requested_gpus_max": "8"}, "requested_gpus_max"),
        ("get_workload_aggregations", {"dimension": "colour"}, "dimension is one of status, job_class"),
    ],
)
def test_an_argument_out_of_bounds_is_refused_before_anything_is_sent(client_of, method, wrong, message):
    transport = RecordingTransport()
    with pytest.raises(ValidationError, match=message):
        getattr(client_of(transport), method)(**wrong)
    assert transport.calls == []


FILTERS = {
    "status": "failed",
    "initiative_id": "team",
    "submitted_by": "ada",
    "is_managed": False,
    "submitted_after": "2026-01-01T00:00:00Z",
    "submitted_before": "2026-02-01T00:00:00Z",
    "sort_order": "asc",
}
SENT = {**FILTERS, "is_managed": "false", "start_date": FILTERS["submitted_after"], "end_date": "2026-02-01T00:00:00Z"}


def test_every_page_is_asked_for_with_all_the_filters(client_of):
    transport = RecordingTransport({LISTING: [page("wl_1", token="a"), page("wl_2", token="b"), page("wl_3")]})
    found = list(client_of(transport).iter_workloads(**FILTERS, page_size=1))
    assert [w.id for w in found] == ["wl_1", "wl_2", "wl_3"]
    tokens = [{}, {"next_token": "a"}, {"next_token": "b"}]
    assert [call.params for call in transport.calls] == [{**SENT, "limit": "1", **token} for token in tokens]


def test_every_page_of_a_search_is_asked_for_with_all_the_filters(client_of):
    transport = RecordingTransport({SEARCH: [found("wl_1", cursor="a"), found("wl_2")]})
    filters = {"query": "train", "gpu_type": ["H100"], "priority_min": 5, "sort_by": "priority", "sort_order": "asc"}
    assert [w.id for w in client_of(transport).iter_search(**filters)] == ["wl_1", "wl_2"]
    first, second = (call.body for call in transport.calls)
    assert second == {**first, "cursor": "a"}
    assert (first["query"], first["gpu_type"], first["priority"]) == ("train", ["H100"], {"min": 5})


@pytest.mark.parametrize(
    ("method", "replies"),
    [
        ("iter_workloads", {LISTING: [page("wl_1", token="a"), page("wl_2", token="b"), page("wl_3", token="a")]}),
        ("iter_search", {SEARCH: [found("wl_1", cursor="a"), found("wl_2", cursor="a")]}),
    ],
)
def test_a_cursor_that_comes_again_is_an_error_and_not_an_endless_listing(client_of, method, replies):
    with pytest.raises(UnexpectedResponseError, match="same page cursor twice"):
        list(getattr(client_of(RecordingTransport(replies)), method)())


def test_more_without_a_way_to_it_is_an_error_and_not_the_end(client_of):
    with pytest.raises(UnexpectedResponseError, match="gives no cursor"):
        list(client_of(RecordingTransport({SEARCH: found("wl_1", has_more=True)})).iter_search())


async def test_the_next_page_is_asked_for_before_the_present_one_is_handed_out():
    transport = RecordingTransport({LISTING: [page("wl_1", "wl_2", token="a"), page("wl_3", token="b"), page()]})
    async with recorded_async_client(transport) as client:
        asked = [(workload.id, len(transport.calls)) async for workload in client.iter_workloads()]
    assert asked == [("wl_1", 2), ("wl_2", 2), ("wl_3", 3)]


@pytest.mark.parametrize("status", [None, "running"])
async def test_the_next_page_is_asked_for_before_a_long_one_is_read(status):
    long = page("a" * 5000, "b", token="a")
    long["workloads"][1]["name"] = None
    transport = RecordingTransport({LISTING: [long, page()]})
    async with recorded_async_client(transport) as client:
        with pytest.raises(UnexpectedResponseError, match="has no name"):
            await anext(client.iter_workloads(status))
    assert [call.params.get("next_token") for call in transport.calls] == [None, "a"]


async def test_a_listing_that_is_left_early_leaves_nothing_behind():
    transport = RecordingTransport({LISTING: [page("wl_1", token="a"), b"not JSON"]})
    async with recorded_async_client(transport) as client:
        listing = client.iter_workloads()
        assert (await anext(listing)).id == "wl_1"
        await listing.aclose()
    assert len(transport.calls) == 2


async def test_a_page_that_fails_does_not_take_the_one_before_with_it():
    transport = RecordingTransport({LISTING: [page("wl_1", "wl_2", token="a"), "not a page"]})
    async with recorded_async_client(transport) as client:
        listing = client.iter_workloads()
        assert [(await anext(listing)).id, (await anext(listing)).id] == ["wl_1", "wl_2"]
        with pytest.raises(UnexpectedResponseError):
            await anext(listing)


@pytest.mark.parametrize(
    ("method", "call", "empty", "full"),
    [
        ("list_workloads", LISTING, page(), page("wl_1")),
        ("search_workloads", SEARCH, found(), found("wl_1")),
        (
            "get_workload_aggregations",
            COUNTS,
            {"dimension": "gpu_type", "buckets": [], "total": 0},
            {"dimension": "gpu_type", "buckets": [{"key": "H100", "count": 1}], "total": 1},
        ),
    ],
)
def test_an_empty_answer_to_a_filter_never_confirmed_is_asked_for_in_the_other_case(
    client_of, method, call, empty, full
):
    transport = RecordingTransport({call: [empty, full, empty]})
    client = client_of(transport)
    arguments = ["gpu_type"] if method == "get_workload_aggregations" else []
    for _ in range(2):
        getattr(client, method)(*arguments, status="running")
    sent = [(c.body or c.params)["status"] for c in transport.calls]
    assert [s if isinstance(s, str) else s[0] for s in sent] == ["running", "RUNNING", "RUNNING"]
