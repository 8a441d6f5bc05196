"""Both clients in the processes and threads that applications run them in: right, quiet, with the right exit code."""

import signal
import socket
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

THREADS = """
from concurrent.futures import ThreadPoolExecutor
from chamber.core import ChamberClient
with ChamberClient() as client, ThreadPoolExecutor(8) as pool:
    print(set(pool.map(lambda _: client.health().status, range(40))))
"""
ASYNCIO = """
import asyncio
from chamber.core import AsyncChamberClient

async def main():
    async with AsyncChamberClient() as client, asyncio.TaskGroup() as group:
        asked = [group.create_task(client.health()) for _ in range(40)]
        await asyncio.gather(*asked)
    return {task.result().status for task in asked}

print(asyncio.run(main()))
"""
BOTH = """
import asyncio
from chamber.core import AsyncChamberClient, ChamberClient
client, other = ChamberClient(), AsyncChamberClient()

async def main():
    return {client.health().status, (await other.health()).status, (await asyncio.to_thread(client.health)).status}

print(asyncio.run(main()) | asyncio.run(main()) | {client.health().status})
"""
POOL = """
import multiprocessing, sys
from chamber.core import ChamberClient

def ask(_):
    with ChamberClient() as client:
        return client.health().status

if __name__ == "__main__":
    ask(None)
    with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:
        print(set(pool.map(ask, range(6))))
"""
SHARED = """
import multiprocessing
from chamber.core import ChamberClient
client = ChamberClient()

def ask(_):
    return client.health().status

if __name__ == "__main__":
    ask(None)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        print(set(pool.map(ask, range(6))) | {ask(None)})
"""
WORKER_OF_A_LOOP = """
import asyncio, os
from chamber.core import AsyncChamberClient

async def ask():
    async with AsyncChamberClient() as client:
        return (await client.health()).status

async def main():
    found = await ask()
    child = os.fork()
    if child == 0:
        asyncio.events._set_running_loop(None)
        os._exit(asyncio.run(ask()) != "healthy")
    return {found, await ask()}, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

print(asyncio.run(main()))
"""
PYTEST = """
import pytest
from chamber.core import AsyncChamberClient, ChamberClient

@pytest.fixture
async def client():
    async with AsyncChamberClient() as made:
        yield made

@pytest.mark.parametrize("again", range(3))
async def test_async(client, again):
    assert (await client.health()).status == "healthy"

async def test_blocking():
    with ChamberClient() as made:
        assert made.health().status == "healthy"
"""
UNCLOSED = """
import asyncio
from chamber.core import AsyncChamberClient, ChamberClient
client, other = ChamberClient(), AsyncChamberClient()
items = client.iter_workloads()
async def main():
    return (await other.health()).status
print(client.health().status, asyncio.run(main()), [item.id for item in items][:0])
"""


@pytest.mark.parametrize("code", [THREADS, ASYNCIO, BOTH], ids=["thread pool", "asyncio", "both beside each other"])
def test_clients_work_in_threads_and_loops_of_a_script(program, code):
    assert program(code) == "{'healthy'}\n"


@pytest.mark.parametrize("start", ["fork", "spawn", "forkserver"])
def test_clients_work_in_worker_processes_however_these_are_started(program, start):
    assert program(POOL, start) == "{'healthy'}\n"


def test_a_client_made_before_the_workers_is_used_in_all_of_them(program):
    assert program(SHARED) == "{'healthy'}\n"


def test_a_child_of_a_running_loop_has_a_loop_of_its_own(program):
    assert program(WORKER_OF_A_LOOP) == "({'healthy'}, 0)\n"


def test_nothing_is_said_of_what_was_not_closed(program):
    assert program(UNCLOSED) == "healthy healthy []\n"


def test_both_clients_work_in_tests_of_pytest_asyncio(environment, tmp_path):
    file = tmp_path / "test_mine.py"
    file.write_text(PYTEST)
    settings = ["asyncio_mode = auto", "asyncio_default_fixture_loop_scope = function", "filterwarnings = error"]
    (tmp_path / "pytest.ini").write_text("\n".join(["[pytest]", *settings, ""]))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(file)]
    done = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.stderr, done.returncode) == ("", 0), done.stdout
    assert "4 passed" in done.stdout


APPLICATION = """
import os
from chamber.core import ChamberClient
client = ChamberClient()
client.health()  # in the master, before the workers are forked

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{os.getpid()} {client.health().status}".encode()]
"""


def test_a_client_made_in_the_master_of_gunicorn_works_in_its_workers(forking, tmp_path):
    (tmp_path / "wsgi.py").write_text(APPLICATION)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "--preload", "-w", "2", "-b", f"127.0.0.1:{port}"]
    command += ["--log-level", "error", "--graceful-timeout", "5", "wsgi:application"]
    pipes = dict.fromkeys(("stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(command, env=forking, cwd=tmp_path, text=True, **pipes) as master:
        try:
            _until_it_listens(port)
            with ThreadPoolExecutor(4) as pool:
                answers = [answer.split() for answer in pool.map(_asked, [port] * 24)]
            master.send_signal(signal.SIGTERM)
            out, err = master.communicate(timeout=30)
        finally:
            master.kill()
    assert (err, out, master.returncode) == ("", "", 0)
    assert {status for _, status in answers} == {"healthy"}
    assert str(master.pid) not in {pid for pid, _ in answers}


WAITING = """
import os, sys, threading
from concurrent.futures import ThreadPoolExecutor
from chamber.core import ChamberClient
client = ChamberClient()
job = client.submit_job("lasting", os.environ["TEAM"], "H100", 1, metadata={"simulated_seconds": 3600})
try:
    print(job.id, flush=True)
    client.wait_for_completion(job.id)
except KeyboardInterrupt:
    print(client.cancel_workload(job.id).status)
    sys.exit(130)
"""
WAITING_ASYNC = """
import asyncio, os, sys
from chamber.core import AsyncChamberClient

async def main():
    async with AsyncChamberClient() as client:
        job = await client.submit_job("lasting", os.environ["TEAM"], "H100", 1, metadata={"simulated_seconds": 3600})
        try:
            print(job.id, flush=True)
            await client.wait_for_completion(job.id)
        except asyncio.CancelledError:
            print((await client.cancel_workload(job.id)).status)
            raise

try:
    asyncio.run(main())
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.parametrize("code", [WAITING, WAITING_ASYNC], ids=["blocking", "awaiting"])
def test_ctrl_c_ends_a_wait_and_the_client_can_still_cancel_the_job(environment, chamber, tmp_path, code):
    pipes = dict.fromkeys(("stdout", "stderr"), subprocess.PIPE)
    command = [sys.executable, "-W", "error", "-c", code]
    surroundings = {**environment, "TEAM": chamber.team}
    with subprocess.Popen(command, env=surroundings, cwd=tmp_path, text=True, **pipes) as program:
        try:
            _until_it_waits(chamber, program.stdout.readline().strip())
            program.send_signal(signal.SIGINT)
            out, err = program.communicate(timeout=30)
        finally:
            program.kill()
    assert (err, out, program.returncode) == ("", "CANCELLED\n", 130)


def _until_it_waits(chamber, workload_id):
    """Until one of its looks was refused; the next is on its way."""
    asked, ends = f"/v1/workloads/{workload_id}", time.monotonic() + 60
    chamber.faults.add("status", method="GET", path=asked)
    while not any(fault.path == asked for fault in chamber.faults.log):
        assert time.monotonic() < ends
        time.sleep(0.02)


def _until_it_listens(port):
    ends = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert time.monotonic() < ends
            time.sleep(0.05)
        else:
            return


def _asked(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=60) as answer:
        return answer.read().decode()
