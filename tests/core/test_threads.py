"""Many threads with one client, or with one each: every call has its own answer."""

from __future__ import annotations

import contextlib
import random
import threading

import pytest

from chamber.core import ChamberClient, portal


class _Stress:
    """Threads that call in every way, at random; each answer has to be the one that was asked for."""

    def __init__(self, client: ChamberClient) -> None:
        self._client = client
        self.wrong: list[str] = []
        self.done = 0

    def run(self, seed: int, count: int) -> None:
        chance = random.Random(seed)
        for number in range(count):
            try:
                self._call(chance.randrange(6), f"wl_{seed}_{number}")
            except BaseException as error:
                self.wrong.append(repr(error))
            self.done += 1

    def _call(self, kind: int, asked: str) -> None:
        if kind == 0:
            found = [item.id for item in self._client.iter_workloads()]
            assert found == [f"wl_{n}" for n in range(6)], found
        elif kind == 1:
            self._is_interrupted()
        elif kind == 2:
            items = self._client.iter_workloads()
            assert next(items).id == "wl_0"
            assert self._client.get_workload(asked).id == asked
            items.close()
        else:
            found = self._client.get_workload(asked).id
            assert found == asked, found

    def _is_interrupted(self) -> None:
        def leave() -> None:
            raise KeyboardInterrupt

        async def body() -> None:
            await portal.in_caller(leave)

        with contextlib.suppress(KeyboardInterrupt):
            portal.call(body())


@pytest.fixture
def numbered(api, said):
    """A server that answers with what it is asked for: a workload by its id, or a listing of three pages."""

    async def answer(request):
        name = request.path.rpartition("/")[2]
        if name != "workloads":
            return said({"id": name, "name": "a", "status": "x"}).response()
        page = int(request.query.get("next_token", 0))
        rows = [{"id": f"wl_{2 * page + n}", "name": "a", "status": "x"} for n in range(2)]
        token = None if page == 2 else str(page + 1)
        return said({"workloads": rows, "metadata": {"next_token": token, "total_count": 6}}).response()

    api.answers(answer)
    return api


@pytest.mark.parametrize("threads", [1, 2, 8])
def test_calls_of_threads_are_each_answered_with_their_own(numbered, connect, threads):
    stress = _Stress(connect(numbered.url))
    running = [threading.Thread(target=stress.run, args=(seed, 400 // threads)) for seed in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(120)
    assert (stress.wrong, stress.done) == ([], 400 // threads * threads)


def test_two_clients_of_two_threads_take_turns(numbered, connect):
    """Each call alone, and in another thread than the one before."""
    turns = [threading.Semaphore(1), threading.Semaphore(0)]
    found: list[str] = []

    def work(own: int) -> None:
        client = connect(numbered.url)
        for number in range(100):
            assert turns[own].acquire(timeout=60)
            found.append(client.get_workload(f"wl_{own}_{number}").id)
            turns[1 - own].release()

    threads = [threading.Thread(target=work, args=(own,)) for own in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert found == [f"wl_{own}_{number}" for number in range(100) for own in range(2)]
