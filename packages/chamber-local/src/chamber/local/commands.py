"""What is done with Chambers that were started by ``python -m chamber.local up``, or with what they left."""

import http.client
import os
import shutil
import signal
import sys
import time
from pathlib import Path

from chamber.core.errors import ConfigurationError
from chamber.local import records
from chamber.local.folder import DataFolder
from chamber.local.records import Record

__all__ = ["down", "logs", "reset", "status"]

_WAIT, _LOOK = 60.0, 0.05
#: What a Chamber makes in its data folder.
_MADE = ("logs", "runs", "environments", "registry", "identity.json")
_DATABASE = "chamber.sqlite3"


def status(program: str) -> int:
    """Tells which Chambers of this user run; 1 when none does. `program` starts one."""
    running = records.running()
    for record in running:
        whose = "" if record.command else ", part of another program"
        sys.stdout.write(f"{record.api_url} runs as process {record.pid}{whose}\n")
    if not running:
        sys.stdout.write(f"no Chamber runs: `{program} up` starts one\n")
    return 0 if running else 1


def down(port: int) -> int:
    """Stops one, and returns when it is gone. Raises ConfigurationError: there is none, or several and no port."""
    record = _chosen(port, tuple(record for record in records.running() if record.command))
    os.kill(record.pid, signal.SIGTERM)
    end = time.monotonic() + _WAIT
    while record in records.running():
        if time.monotonic() > end:
            raise ConfigurationError(f"process {record.pid} did not stop in {_WAIT:g} seconds: its log says why")
        time.sleep(_LOOK)
    sys.stdout.write(f"stopped {record.api_url}\n")
    return 0


def logs(port: int, workload_id: str | None, program: str) -> int:
    """Prints what a workload has printed. Raises ConfigurationError: there is no such workload or Chamber."""
    if not workload_id:
        raise ConfigurationError(f"say whose output: {program} logs WORKLOAD_ID")
    record, offset = _chosen(port, records.running()), 0
    while content := _output(record, workload_id, offset):
        sys.stdout.buffer.write(content)
        offset += len(content)
    sys.stdout.flush()
    return 0


def reset(data_dir: str | None) -> int:
    """Removes what a Chamber keeps in a folder. Raises ConfigurationError: it is in use, or no such folder."""
    if not data_dir or not (Path(data_dir) / _DATABASE).is_file():
        raise ConfigurationError(f"--data-dir={data_dir} is no data folder of a Chamber: say which is to be emptied")
    folder = DataFolder(Path(data_dir))
    try:
        for path in (*(folder.path / name for name in _MADE), *folder.path.glob(f"{_DATABASE}*")):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    finally:
        folder.close()
    sys.stdout.write(f"{folder.path} is empty; its tokens are gone too\n")
    return 0


def _chosen(port: int, running: tuple[Record, ...]) -> Record:
    found = [record for record in running if port in {0, int(record.registry.rpartition(":")[2])}]
    if len(found) != 1:
        there_is = ", ".join(record.registry for record in running) or "none"
        raise ConfigurationError(f"say which Chamber by --port; of those that run there is {there_is}")
    return found[0]


def _output(record: Record, workload_id: str, offset: int) -> bytes:
    connection = http.client.HTTPConnection(record.registry, timeout=30)
    try:
        path = f"/v1/workloads/{workload_id}/logs?offset={offset}"
        connection.request("GET", path, headers={"Authorization": f"Bearer {record.token}"})
        answer = connection.getresponse()
        content = answer.read()
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise ConfigurationError(f"{record.api_url} does not answer: {error}") from error
    finally:
        connection.close()
    if answer.status != 200:
        raise ConfigurationError(f"there is no output of a workload {workload_id!r} at {record.api_url}")
    return content
