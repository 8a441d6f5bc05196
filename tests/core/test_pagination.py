from __future__ import annotations

import asyncio
import gc

import pytest

from chamber.core import ServerError, UnexpectedResponseError, portal
from chamber.core.pagination import each_item
from chamber.core.testing import RecordingTransport, Reply, recorded_async_client, recorded_client


def page(*names: str, token: str | None = None) -> dict[str, object]:
    rows = [{"id": name, "name": name, "status": "RUNNING"} for name in names]
    return {"workloads": rows, "metadata": {"next_token": token}}


THREE = [page("a", "b", token="1"), page("c", token="2"), page("d")]


def listing(*replies: object) -> RecordingTransport:
    return RecordingTransport({"GET workloads": list(replies)})


def test_every_item_of_every_page_comes_in_order():
    transport = listing(*THREE)
    with recorded_client(transport) as client:
        assert [item.id for item in client.iter_workloads()] == ["a", "b", "c", "d"]
    assert [call.params.get("next_token") for call in transport.calls] == [None, "1", "2"]
    assert {call.params["limit"] for call in transport.calls} == {"100"}


async def test_every_item_comes_on_the_async_face_too():
    client = recorded_async_client(listing(*THREE))
    assert [item.id async for item in client.iter_workloads()] == ["a", "b", "c", "d"]


def test_the_filters_go_with_every_page():
    transport = listing(*THREE)
    with recorded_client(transport) as client:
        list(client.iter_workloads("RUNNING", "ml", "me", True, "2026-01-01", "2026-02-01", "asc", page_size=7))
    filters = [{k: v for k, v in call.params.items() if k != "next_token"} for call in transport.calls]
    assert filters[0] == filters[1] == filters[2]
    assert len(filters[0]) == 10


def test_an_empty_page_in_the_middle_ends_nothing():
    with recorded_client(listing(page("a", token="1"), page(token="2"), page("b"))) as client:
        assert [item.id for item in client.iter_workloads()] == ["a", "b"]


async def test_the_next_page_is_asked_for_before_the_present_one_is_handed_out():
    asked: list[str | None] = []
    second = asyncio.Event()

    async def pages(cursor: str | None) -> tuple[list[str], str | None]:
        asked.append(cursor)
        if cursor:
            second.set()
            return ["c"], None
        return ["a", "b"], "1"

    items = each_item(pages)
    assert await anext(items) == "a"
    await asyncio.wait_for(second.wait(), 10)
    assert asked == [None, "1"]
    assert [item async for item in items] == ["b", "c"]


@pytest.mark.parametrize(
    "replies",
    [
        [page("a", token="1"), page("b", token="1")],
        [page("a", token="1"), page("b", token="2"), page("c", token="1")],
    ],
)
def test_a_cursor_that_comes_again_is_an_error_and_no_endless_loop(replies):
    transport = listing(*replies)
    with recorded_client(transport) as client, pytest.raises(UnexpectedResponseError, match="same page cursor twice"):
        list(client.iter_workloads())
    assert len(transport.calls) == len(replies)


def test_an_error_on_a_later_page_comes_after_the_items_before_it():
    transport = listing(page("a", "b", token="1"), Reply(501))
    found = []
    with recorded_client(transport) as client, pytest.raises(ServerError):
        found.extend(item.id for item in client.iter_workloads())  # extend keeps what came before the error
    assert found == ["a", "b"]


async def test_stopping_early_closes_the_generator_and_cancels_the_page_under_way():
    cancelled = asyncio.Event()

    async def pages(cursor: str | None) -> tuple[list[str], str | None]:
        if cursor is None:
            return ["a", "b"], "1"
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        raise AssertionError

    items = each_item(pages)
    await anext(items)
    await asyncio.sleep(0)
    await items.aclose()
    assert cancelled.is_set()


async def test_a_page_that_failed_and_was_never_needed_complains_to_nobody():
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: complaints.append(context))

    async def pages(cursor: str | None) -> tuple[list[str], str | None]:
        if cursor:
            raise ServerError("late")
        return ["a", "b"], "1"

    items = each_item(pages)
    await anext(items)
    await asyncio.sleep(0)
    await items.aclose()
    del items
    gc.collect()
    await asyncio.sleep(0)
    assert complaints == []


def test_a_consumer_that_stops_early_leaves_nothing_behind():
    transport = listing(*THREE)
    with recorded_client(transport) as client:
        for item in client.iter_workloads():
            assert item.id == "a"
            break
        gc.collect()
        assert client.iter_workloads is not None
    assert len(transport.calls) <= 2


def test_nothing_is_asked_before_the_first_item_is_wanted():
    transport = listing(*THREE)
    with recorded_client(transport) as client:
        items = client.iter_workloads()
        assert transport.calls == []
        next(items)
        items.close()


def counted(monkeypatch):
    """The blocking calls that are made from now on."""
    calls: list[object] = []
    call = portal.call
    monkeypatch.setattr(portal, "call", lambda coroutine: (calls.append(coroutine), call(coroutine))[1])
    return calls


def test_a_page_is_handed_to_a_blocking_consumer_in_one_call(monkeypatch):
    calls = counted(monkeypatch)

    async def pages(cursor: str | None) -> tuple[list[int], str | None]:
        first = int(cursor or 0)
        return list(range(first, first + 50)), None if first else "50"

    assert list(portal.each(each_item(pages))) == list(range(100))
    assert len(calls) <= 4  # two pages, that there is no third, and the closing


def test_an_item_that_nothing_follows_is_not_held_back_for_the_next():
    async def items():
        yield 1
        await asyncio.Event().wait()

    listed = portal.each(items())
    assert next(listed) == 1
    listed.close()


def test_a_listing_that_leaves_items_of_a_page_out_hands_out_the_others_and_then_its_error():
    async def pages(cursor: str | None) -> tuple[list[int], str | None]:
        if cursor:
            raise ServerError("late")
        return [1, 2, 3, 4], "1"

    async def odd():
        async for item in each_item(pages):
            if item % 2:
                yield item

    found: list[int] = []
    with pytest.raises(ServerError, match="late"):
        found.extend(portal.each(odd()))
    assert found == [1, 3]


@pytest.mark.parametrize("method", ["iter_workloads", "iter_search"])
async def test_what_is_left_of_a_page_comes_in_one_piece_to_who_asks_for_it(method):
    transport = RecordingTransport(
        {
            "GET workloads": [page("a", "b", "c", token="1"), page("d")],
            "POST workloads/search": [{**page("a", "b", "c"), "next_cursor": "1"}, page("d")],
        }
    )
    items = getattr(recorded_async_client(transport), method)()
    assert (await anext(items)).id == "a"
    rest = await items.asend(portal.Rest)
    assert isinstance(rest, portal.Rest)
    assert [item.id for item in rest] == ["b", "c"]
    assert [item.id async for item in items] == ["d"]


def test_a_listing_that_passes_items_on_one_by_one_loses_none_of_them(monkeypatch):
    calls = counted(monkeypatch)

    async def pages(cursor: str | None) -> tuple[list[int], str | None]:
        first = int(cursor or 0)
        return list(range(first, first + 50)), None if first else "50"

    async def passed_on():
        async for item in each_item(pages):
            yield item

    assert list(portal.each(passed_on())) == list(range(100))
    assert len(calls) <= 4
