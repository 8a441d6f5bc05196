"""``kill -9`` again and again, while several callers submit."""

import http.client
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading

import pytest

KILLS, SUBMITTERS = 100, 4

#: Loads the module once and then runs it as ``python -m chamber.local`` would, in a process of its own for each line
#: that it reads: starting a hundred interpreters would take minutes.
STARTER = """
    import os, signal, sys
    from chamber.local.__main__ import main
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            sys.exit(main(line.split()))
        print(f"pid={pid}", flush=True)
"""


class Served:
    """A Chamber in a process of its own, on one folder."""

    def __init__(self, folder):
        self.folder = folder
        command = [sys.executable, "-c", textwrap.dedent(STARTER)]
        self.starter = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def start(self):
        """Its address, token and team, when it serves."""
        self.starter.stdin.write(f"--data-dir {self.folder} --executor simulated\n")
        self.starter.stdin.flush()
        told = {}
        while len(told) < 6:
            line = self.starter.stdout.readline()
            if not line.startswith("#"):
                name, _, value = line.removeprefix("export ").strip().partition("=")
                told[name] = value
        self.pid = int(told["pid"])
        return told

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)

    def close(self):
        self.starter.kill()
        self.starter.communicate()


@pytest.fixture
def served(tmp_path):
    served = Served(tmp_path / "data")
    yield served
    served.kill()
    served.close()


def submit_until_it_dies(told, acknowledged):
    connection = http.client.HTTPConnection(told["CHAMBER_LOCAL_REGISTRY"], timeout=10)
    headers = {"Authorization": f"Bearer {told['CHAMBER_TOKEN']}"}
    body = json.dumps({"name": "job", "initiative_id": told["CHAMBER_LOCAL_TEAM"], "gpu_type": "H100"})
    try:
        while True:
            connection.request("POST", "/v1/workloads", body, headers)
            answer = connection.getresponse()
            content = answer.read()
            assert answer.status == 201, content
            acknowledged.append(json.loads(content)["data"]["workload_id"])
    except (OSError, http.client.HTTPException):
        connection.close()


@pytest.mark.reliability
def test_no_acknowledged_submission_is_lost_by_a_hundred_kills(served):
    """Each kill comes after some number of answers, while other submissions are on their way."""
    chance, acknowledged, pids = random.Random(5), [], set()
    for _ in range(KILLS):
        enough = len(acknowledged) + chance.randrange(12)
        told = served.start()
        callers = [threading.Thread(target=submit_until_it_dies, args=(told, acknowledged)) for _ in range(SUBMITTERS)]
        for caller in callers:
            caller.start()
        while len(acknowledged) < enough:
            threading.Event().wait(0.001)
        served.kill()
        pids.add(served.pid)
        for caller in callers:
            caller.join()
        assert held(served.folder).issuperset(acknowledged)

    assert len(pids) == KILLS
    assert len(acknowledged) > KILLS
    assert len(set(acknowledged)) == len(acknowledged)
    served.start()
    assert faults(served.folder) == []


def held(folder):
    """The ids in the database that a killed server left."""
    connection = sqlite3.connect(folder / "chamber.sqlite3")
    try:
        assert connection.execute("PRAGMA quick_check").fetchall() == [("ok",)]
        return {name for (name,) in connection.execute("SELECT id FROM workloads")}
    finally:
        connection.close()


def faults(folder):
    """What is wrong with the database, or does not fit together in it."""
    connection = sqlite3.connect(folder / "chamber.sqlite3")
    try:
        found = [row for row in connection.execute("PRAGMA integrity_check") if row != ("ok",)]
        found += connection.execute("PRAGMA foreign_key_check").fetchall()
        counted = connection.execute("SELECT SUM(number) FROM workload_counts").fetchone()
        found += [] if counted == connection.execute("SELECT COUNT(*) FROM workloads").fetchone() else [counted]
        summed = "SELECT SUM(workloads) FROM workload_sums WHERE kind = 'outcome' AND length(span) = 4"
        over = "SELECT COUNT(*) FROM workloads WHERE completed_at IS NOT NULL"
        found += [] if connection.execute(summed).fetchone() == connection.execute(over).fetchone() else [summed]
        found += connection.execute(
            "SELECT id FROM workloads WHERE status IS NOT "
            "(SELECT status FROM events WHERE workload_id = id ORDER BY seq DESC LIMIT 1)"
        ).fetchall()
        connection.execute("INSERT INTO workload_words (workload_words) VALUES ('integrity-check')")
        return found
    finally:
        connection.close()
