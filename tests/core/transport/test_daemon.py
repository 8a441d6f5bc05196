"""Work beside the loop, in daemon threads."""

import threading

import pytest

from chamber.core.transport.daemon import in_daemon


async def test_what_is_returned_comes_from_a_daemon_thread_of_that_name():
    thread = await in_daemon(threading.current_thread, name="chamber-test")
    assert (thread.name, thread.daemon) == ("chamber-test", True)


async def test_what_is_raised_is_raised_where_it_is_awaited():
    with pytest.raises(ZeroDivisionError):
        await in_daemon(divmod, 1, 0, name="chamber-test")


async def test_a_function_that_raises_stop_iteration_hangs_nobody():
    with pytest.raises(RuntimeError, match="StopIteration"):
        await in_daemon(next, iter(()), name="chamber-test")
