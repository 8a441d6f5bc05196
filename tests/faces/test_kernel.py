"""The blocking client in the cells of a real Jupyter kernel, where an event loop runs already."""

import tempfile

import pytest
from jupyter_client import KernelManager

CONNECT = """
import asyncio
from chamber.core import AsyncChamberClient, ChamberClient
assert asyncio.get_running_loop().is_running()
client = ChamberClient()
client.health().status
"""


class Kernel:
    """A kernel that runs cells."""

    def __init__(self, manager):
        self.interrupt = manager.interrupt_kernel
        self._client = manager.client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=60)

    def show(self, cell):
        """What the cell displays, as MIME types → data. Fails when it raises, or writes to stderr."""
        told = []
        reply = self.execute(cell, told.append)
        assert reply["status"] == "ok", reply
        assert [each for each in told if each["content"].get("name") == "stderr"] == []
        return [each["content"]["data"] for each in told if "data" in each["content"]]

    def execute(self, cell, on_output):
        return self._client.execute_interactive(cell, output_hook=on_output, timeout=60)["content"]

    def close(self):
        self._client.stop_channels()


@pytest.fixture
def sockets():
    """The start of the names of a kernel's sockets, which must be short."""
    with tempfile.TemporaryDirectory(prefix="k") as folder:
        yield f"{folder}/s"


@pytest.fixture
def kernel(environment, sockets, tmp_path):
    """A kernel whose own stderr must stay empty; on socket files, since it warns of TCP."""
    manager = KernelManager(transport="ipc", ip=sockets, connection_file=str(tmp_path / "kernel.json"))
    with (tmp_path / "stderr").open("w+") as told:
        manager.start_kernel(env={**environment, "IPYTHONDIR": str(tmp_path / "ipython")}, stderr=told)
        try:
            started = Kernel(manager)
            yield started
            started.close()
        finally:
            manager.shutdown_kernel()
        told.seek(0)
        assert told.read() == ""


def test_the_blocking_client_works_in_cells_and_its_models_are_tables(kernel, chamber):
    assert kernel.show(CONNECT) == [{"text/plain": "'healthy'"}]
    (job,) = kernel.show(f"client.submit_job('from-a-cell', {chamber.team!r}, 'H100', 1)")
    assert job["text/plain"].startswith("Workload(")
    assert job["text/html"].startswith("<table")
    assert "from-a-cell" in job["text/html"]
    (page,) = kernel.show("client.list_workloads()")
    assert "from-a-cell" in page["text/html"]
    (names,) = kernel.show("{found.name for found in client.iter_workloads()}")
    assert names["text/plain"] == "{'from-a-cell'}"


def test_both_faces_work_side_by_side(kernel):
    kernel.show(CONNECT)
    (found,) = kernel.show(
        "async with AsyncChamberClient() as other:\n"
        "    found = [client.health().status, (await other.health()).status]\n"
        "[*found, (await asyncio.to_thread(client.health)).status]"
    )
    assert found["text/plain"] == "['healthy', 'healthy', 'healthy']"


def test_a_wait_shows_below_its_cell_how_far_it_is(kernel, chamber):
    kernel.show(CONNECT)
    shown = kernel.show(
        f"jobs = [client.submit_job('of-a-cell', {chamber.team!r}, 'H100', 1).id for _ in range(2)]\n"
        "ended = client.wait_for_all(jobs, 0.05)"
    )
    assert "2 of 2 have ended (2 COMPLETED): of-a-cell is COMPLETED" in shown[-1]["text/html"]
    (quiet,) = kernel.show("len(client.wait_for_all(jobs, progress=False))")
    assert quiet == {"text/plain": "2"}


def test_an_interrupted_cell_leaves_a_client_that_works(kernel, chamber):
    kernel.show(CONNECT)

    def interrupt(message):
        if message["content"].get("text") == "waiting\n":
            kernel.interrupt()

    ended = kernel.execute(
        f"job = client.submit_job('lasting', {chamber.team!r}, 'H100', 1, metadata={{'simulated_seconds': 3600}})\n"
        "print('waiting')\n"
        "client.wait_for_completion(job.id)",
        interrupt,
    )
    assert ended["ename"] == "KeyboardInterrupt"
    (cancelled,) = kernel.show("client.cancel_workload(job.id).name")
    assert cancelled["text/plain"] == "'lasting'"
