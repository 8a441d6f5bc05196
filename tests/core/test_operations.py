"""One body, two faces."""

# pyright: reportAttributeAccessIssue=false, reportIncompatibleVariableOverride=false, reportArgumentType=false, reportCallIssue=false

from __future__ import annotations

import asyncio
import inspect
from unittest.mock import AsyncMock, create_autospec

import pytest

from chamber.core import AsyncChamberClient, ChamberClient, Operations, class_operation, listing, operation
from chamber.core.operations import operation as operation_kind
from chamber.core.testing import RecordingTransport, recorded_async_client, recorded_client, registered
from chamber.core.workloads import WorkloadOperations

WORKLOAD = {"id": "wl_1", "name": "train", "status": "RUNNING"}
PAGE = {"workloads": [WORKLOAD], "metadata": {}}


class Odd(Operations):
    @operation
    async def twice(self, number: int, *, plus: int = 0) -> int:
        """Twice a number."""
        return number * 2 + plus

    @operation
    async def four_times(self, number: int) -> int:
        """By calling another operation."""
        return await self.twice(await self.twice(number))

    @listing
    async def numbers(self, limit: int = 3):
        """The first numbers."""
        for number in range(limit):
            yield number

    @class_operation
    @staticmethod
    async def login(user: str, *, region: str = "eu") -> str:
        """Log in."""
        await asyncio.sleep(0)
        return f"{user}@{region}"

    @staticmethod
    def version(of: str) -> str:
        """No I/O at all."""
        return f"{of} 1"


class OddPlugin:
    @staticmethod
    def chamber_operations() -> type[Operations]:
        return Odd


@pytest.fixture
def odd():
    from chamber.core.hooks import hookimpl

    plugin = OddPlugin()
    plugin.chamber_operations = hookimpl(OddPlugin.chamber_operations)  # pyright: ignore[reportAttributeAccessIssue]
    with registered(plugin):
        yield


@pytest.fixture
def both():
    transport = RecordingTransport({"GET workloads/wl_1": WORKLOAD, "GET workloads": PAGE})
    with recorded_client(transport) as blocking:
        yield blocking, recorded_async_client(transport)


def test_a_method_may_be_called_on_the_class(both):
    blocking, awaiting = both
    assert ChamberClient.get_workload(blocking, "wl_1").id == "wl_1"
    assert asyncio.run(AsyncChamberClient.get_workload(awaiting, "wl_1")).id == "wl_1"
    assert [item.id for item in ChamberClient.iter_workloads(blocking)] == ["wl_1"]

    async def listed() -> list[str]:
        return [item.id async for item in AsyncChamberClient.iter_workloads(awaiting)]

    assert asyncio.run(listed()) == ["wl_1"]


def test_a_method_may_be_kept_and_called_later(both):
    get = both[0].get_workload
    assert [get(name).id for name in ("wl_1", "wl_1")] == ["wl_1", "wl_1"]


def test_a_specced_mock_checks_calls_as_the_client_would():
    mock = create_autospec(ChamberClient, instance=True)
    mock.get_workload.return_value = WORKLOAD
    assert mock.get_workload("wl_1") is WORKLOAD
    mock.get_workload.assert_called_once_with("wl_1")
    mock.submit_job("train", "team", "H100", requested_gpus=4)
    for wrong in (mock.get_workload, lambda: mock.get_workload("a", "b"), lambda: mock.submit_job(nam="x")):
        with pytest.raises(TypeError):
            wrong()
    with pytest.raises(AttributeError):
        mock.get_wrokload("wl_1")


async def test_a_specced_async_mock_is_awaited():
    mock = create_autospec(AsyncChamberClient, instance=True)
    assert isinstance(mock.get_workload, AsyncMock)
    mock.get_workload.return_value = WORKLOAD
    assert await mock.get_workload("wl_1") is WORKLOAD
    with pytest.raises(TypeError):
        await mock.get_workload()


def test_operations_call_each_other(both, odd):
    blocking, awaiting = both
    assert blocking.four_times(3) == 12
    assert asyncio.run(awaiting.four_times(3)) == 12


def test_a_listing_iterates_on_both_faces(both, odd):
    blocking, awaiting = both
    assert list(blocking.numbers(limit=2)) == [0, 1]

    async def numbers() -> list[int]:
        return [number async for number in awaiting.numbers()]

    assert asyncio.run(numbers()) == [0, 1, 2]


def test_a_class_operation_needs_no_client(odd):
    assert ChamberClient.login("me") == "me@eu"
    assert asyncio.run(AsyncChamberClient.login("me", region="us")) == "me@us"
    assert ChamberClient.version("chamber") == AsyncChamberClient.version("chamber") == "chamber 1"
    for kind in (ChamberClient, AsyncChamberClient):
        assert str(inspect.signature(kind.login)) == "(user: 'str', *, region: 'str' = 'eu') -> 'str'"
        assert inspect.getdoc(kind.login) == "Log in."


def test_wrong_arguments_are_told_before_anything_is_sent(both):
    blocking, _ = both
    with pytest.raises(TypeError, match="workload_id"):
        blocking.get_workload()
    with pytest.raises(TypeError, match="unexpected keyword"):
        blocking.get_workload("wl_1", gpu=1)


def test_subclasses_go_through_super(both):
    class Careful(ChamberClient):
        def get_workload(self, workload_id: str):
            return super().get_workload(workload_id).name

    class AsyncCareful(AsyncChamberClient):
        async def get_workload(self, workload_id: str):
            return (await super().get_workload(workload_id)).name

    transport = both[1]._transport
    careful, awaiting = Careful("ch.a"), AsyncCareful("ch.a")
    careful._async._transport = awaiting._transport = transport
    assert careful.get_workload("wl_1") == "train"
    assert asyncio.run(awaiting.get_workload("wl_1")) == "train"


def test_the_clients_are_what_they_seem(both, odd):
    for client in both:
        assert isinstance(client, Odd)
        assert isinstance(client, WorkloadOperations)
        assert {"four_times", "get_workload", "login"} <= set(dir(client)) & set(dir(type(client)))
        assert hasattr(client, "numbers")
        assert not hasattr(client, "get_wrokload")
    assert "Twice a number." in str(inspect.getdoc(both[0].twice))


def test_an_operation_knows_its_body():
    found = inspect.getattr_static(WorkloadOperations, "get_workload")
    assert isinstance(found, operation_kind)
    assert inspect.iscoroutinefunction(found.__wrapped__)
    assert found.__doc__ == found.__wrapped__.__doc__
    assert inspect.unwrap(ChamberClient.get_workload) is found.__wrapped__


def test_help_shows_a_method_once_with_its_words(capsys):
    import pydoc

    text = pydoc.render_doc(ChamberClient, renderer=pydoc.plaintext)
    assert "get_workload(workload_id: 'str') -> 'Workload'" in text
    assert "The workload with this id." in text
