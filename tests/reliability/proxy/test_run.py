"""run() of a project while one of its requests, to the API or to the registry, is befallen: one job, or one error."""

import pytest
from reliability.proxy import AFTER, BEFORE, HOSTILE, MALFORMED

from chamber.core import ChamberError, SubmissionUnknownError
from chamber.local import records

FAULTS = {kind.name: kind for kind in [*BEFORE, *AFTER, *MALFORMED, *HOSTILE]}
#: The most requests that a run makes, and some more.
REQUESTS = 16


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "train.py").write_text("print('trained')\n")
    return folder


@pytest.fixture
def client(face, proxy, chamber):
    """A client whose registry, too, is behind the proxy."""
    address = f"127.0.0.1:{proxy.port}"
    records.write(address, chamber.token)
    yield face(proxy.url)
    proxy.befall(None)
    records.remove(address)


@pytest.mark.reliability
@pytest.mark.parametrize("kind", ["reset_before_status", "html"])
def test_a_run_submits_one_job_whichever_of_its_requests_is_befallen(client, proxy, chamber, project, kind):
    befallen = 0
    for number in range(REQUESTS):
        (project / "train.py").write_text(f"print('trained {kind} {number}')\n")
        before = {workload.id for workload in chamber.workloads()}
        proxy.befall(FAULTS[kind], after=number)
        try:
            result = client.run(str(project), team=chamber.team, gpus=1, gpu_type="H100", name="befallen")
        except ChamberError as error:
            result = error
        made = {workload.id for workload in chamber.workloads()} - before
        if isinstance(result, ChamberError):
            assert not made or isinstance(result, SubmissionUnknownError), (number, result)
            assert len(made) <= 1
        else:
            assert made == {result.id}, number
        befallen += proxy.is_spent
        if not proxy.is_spent:
            break
    assert befallen >= 3
