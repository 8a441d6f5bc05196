"""One embedded Chamber for each worker, whose workloads are not run but last as long as their metadata says."""

import itertools
import pathlib
import sqlite3
import sys
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from chamber.core.transport import Transport
from chamber.local import LocalChamber
from chamber.local.clock import stamp
from chamber.local.storage import samples

sys.path.append(str(pathlib.Path(__file__).parent))

#: Metadata of a workload that runs for as long as any test does.
LASTING = {"simulated_seconds": 3600}


@pytest.fixture(scope="session")
def chamber(tmp_path_factory):
    """Shared by the tests of a worker: each keeps to teams of its own."""
    folder = tmp_path_factory.mktemp("chamber")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHAMBER_CONFIG_DIR", str(folder / "settings"))
        with LocalChamber(executor="simulated", gpus={"H100": 4096, "A100": 64}, data_dir=folder / "data") as running:
            yield running


@pytest.fixture
def database(chamber):
    """The Chamber's own database, for what only time and GPUs can bring about."""
    connection = sqlite3.connect(chamber._started.folder.database, timeout=30)
    yield connection
    connection.close()


@pytest.fixture
def measured(database):
    """``measured(workload_id, value, hours=0)``: every GPU metric had that value so many hours ago."""

    def measured(workload_id, value, hours=0):
        metrics = dict.fromkeys(samples.METRICS, value)
        at = datetime.now(UTC) - timedelta(hours=hours)
        with database:
            samples.add(database, samples.Sample(workload_id=workload_id, at=at, source="simulated", **metrics))

    return measured


@pytest.fixture
def submitted_before(database):
    """``submitted_before(workload_id, days)``: it was submitted so many days ago."""

    def submitted_before(workload_id, days):
        at = stamp(datetime.now(UTC) - timedelta(days=days))
        with database:
            database.execute("UPDATE workloads SET submitted_at = ? WHERE id = ?", (at, workload_id))

    return submitted_before


@pytest.fixture
def client(client_of, chamber):
    """Each face of the client in turn."""
    return client_of(chamber)


@pytest.fixture
def new_team(client):
    """Makes a team that no other test knows; its id."""
    return lambda **options: client.create_team(f"team {uuid.uuid4().hex}", **options).id


@pytest.fixture
def team(new_team):
    return new_team()


@pytest.fixture
def submit(client, team):
    """``submit(**fields)`` → a workload of the test's own team; it has ended, unless it is to last."""
    numbers = itertools.count()

    def submit(lasting=False, **fields):
        usual = {"name": f"job {next(numbers)}", "initiative_id": team, "gpu_type": "H100", "requested_gpus": 1}
        job = client.submit_job(**usual | fields | ({"metadata": LASTING} if lasting else {}))
        awaited = ["RUNNING"] if lasting else ["COMPLETED", "FAILED"]
        return client.wait_for_completion(job.id, poll_interval=0.01, timeout=30, terminal_statuses=awaited)

    return submit


@pytest.fixture
def asked(monkeypatch):
    """``asked(method, path)`` → the bodies or query parameters of such requests so far, oldest first."""
    requests = []
    call = Transport.call

    async def kept(self, method, path, *, params=None, body=None, **options):
        requests.append((method, f"/{path}", body if params is None else params))
        return await call(self, method, path, params=params, body=body, **options)

    monkeypatch.setattr(Transport, "call", kept)
    return lambda method, path: [sent for asked, to, sent in requests if (asked, to) == (method, path)]
