import asyncio
import threading

import pytest

from chamber.run.threads import Stopped, in_thread, spread


def test_results_come_in_order_from_several_threads() -> None:
    assert list(spread(lambda number: number * 2, range(100))) == list(range(0, 200, 2))


def test_the_first_error_ends_what_has_not_begun() -> None:
    begun: list[int] = []

    def work(number: int) -> int:
        begun.append(number)
        if number == 1:
            raise ValueError("no")
        return number

    with pytest.raises(ValueError, match="no"):
        list(spread(work, range(100_000)))
    assert len(begun) < 100_000


def test_work_that_is_not_wanted_does_not_begin() -> None:
    stop = threading.Event()
    done: list[int] = []

    def work(number: int) -> None:
        done.append(number)
        stop.set()

    with pytest.raises(Stopped):
        list(spread(work, range(1000), stop))
    assert len(done) < 1000


async def test_a_result_that_nobody_waits_for_is_undone() -> None:
    started, undone = threading.Event(), []

    def work(stop: threading.Event) -> str:
        started.set()
        stop.wait(10)
        return "result"

    task = asyncio.create_task(in_thread(work, undone.append))
    await asyncio.to_thread(started.wait, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert undone == ["result"]
