"""What one organization has is not there for another: GPUs, reservations, capacity, images."""

import json

import pytest

from chamber.core import NotFoundError, ValidationError
from chamber.core.errors import ConfigurationError
from chamber.local import LocalChamber, User

USERS = [User("zoe", organizations=["org_b"], teams=["b"]), User("two", organizations=["org_local", "org_b"])]
SPLIT = {
    "pools": [
        {"gpu_type": "H100", "gpus": 8},
        {"gpu_type": "H100", "gpus": 4, "organization": "org_b"},
        {"gpu_type": "L4", "gpus": 2, "shared": True},
    ],
    "teams": [{"id": "b", "organization": "org_b"}, {"id": "a"}],
    "reservations": [{"id": "res-a", "pool": "pool_h100", "gpus": 6, "team": "a"}],
}


def started(client, team, gpus, **fields):
    asked = {"job_class": "ELASTIC", "metadata": {"simulated_seconds": 600}, "gpu_type": "H100", **fields}
    return client.submit_job("job", team, asked.pop("gpu_type"), requested_gpus=gpus, **asked).id


def test_each_organization_has_gpus_of_its_own_without_more_being_said():
    with (
        LocalChamber(executor="simulated", users=USERS, gpus={"H100": 4}) as chamber,
        chamber.client() as here,
        chamber.client("zoe") as there,
    ):
        jobs = [started(here, chamber.team, 4), started(there, "b", 4), started(there, "b", 1)]
        chamber.clock.advance(1)

        assert [str(w.status) for w in chamber.workloads()] == ["RUNNING", "RUNNING", "QUEUED"]
        assert [w.capacity_pool_id for w in chamber.workloads()[:2]] == ["pool_h100", "pool_h100_org_b"]
        assert [pool.id for pool in there.get_capacity().pools] == ["pool_h100_org_b"]
        assert [pool.id for pool in here.get_capacity().pools] == ["pool_h100"]
        with pytest.raises(NotFoundError):
            there.get_capacity(pool_id="pool_h100")
        assert jobs[2] in {workload.id for workload in there.iter_workloads()}


def test_one_organization_is_like_it_was():
    with LocalChamber(executor="simulated", gpus={"H100": 4, "A100": 2}) as chamber, chamber.client() as client:
        assert [pool.id for pool in client.get_capacity().pools] == ["pool_h100", "pool_a100"]


def test_idle_gpus_are_not_lent_to_another_organization_unless_they_are_shared():
    with (
        LocalChamber(executor="simulated", users=USERS, **SPLIT) as chamber,
        chamber.client() as here,
        chamber.client("zoe") as there,
    ):
        started(there, "b", 6)
        started(there, "b", 4, job_class="RESERVED")
        started(there, "b", 1, gpu_type="L4")
        started(here, "a", 1, gpu_type="L4")
        started(here, "a", 7, job_class="RESERVED")
        chamber.clock.advance(1)

        too_large, reserved, *shared, too_many = chamber.workloads()
        assert str(too_large.status) == "FAILED"
        assert too_large.failure_reason.endswith("6 H100, and this Chamber has H100 x 4, L4 x 2")
        assert (str(reserved.status), reserved.capacity_pool_id) == ("RUNNING", "pool_h100_org_b")
        assert [(str(held.status), held.capacity_pool_id) for held in shared] == [("RUNNING", "pool_l4")] * 2
        assert "team a has 6 reserved in one pool" in too_many.failure_reason
        assert [pool.id for pool in there.get_capacity().pools] == ["pool_h100_org_b", "pool_l4"]


def test_what_another_organization_allocates_takes_nothing_from_a_reservation():
    reserving = {
        **SPLIT,
        "reservations": [*SPLIT["reservations"], {"id": "res-b", "pool": "pool_h100_org_b", "gpus": 4}],
    }
    for said, refused in ((SPLIT, None), (reserving, "there is no reservation 'res-a'; there is res-b;")):
        with (
            LocalChamber(executor="simulated", users=USERS, **said) as chamber,
            chamber.client() as here,
            chamber.client("zoe") as there,
        ):
            if refused:
                with pytest.raises(ValidationError, match=refused):
                    there.create_allocation("b", "res-a", 3)
            else:
                there.create_allocation("b", "res-a", 3)
            started(here, "a", 6, job_class="RESERVED")
            chamber.clock.advance(1)

            assert str(chamber.workloads()[0].status) == "RUNNING"


def test_another_organization_learns_nothing_of_what_takes_its_shared_gpus():
    shared = {
        "pools": [{"gpu_type": "H100", "gpus": 4, "shared": True}],
        "teams": [{"id": "a"}],
        "reservations": [{"id": "res-a", "pool": "pool_h100", "gpus": 4, "team": "a"}],
    }
    with (
        LocalChamber(executor="simulated", users=USERS, **shared) as chamber,
        chamber.client() as here,
        chamber.client("zoe") as there,
    ):
        started(there, "b", 4)
        chamber.clock.advance(1)
        started(here, "a", 4, job_class="RESERVED")
        chamber.clock.advance(1)

        first, second = chamber.workloads()
        assert (str(first.status), str(second.status)) == ("PREEMPTED", "RUNNING")
        assert first.failure_reason == "preempted: another organization needed its reserved GPUs"


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"reservations": [{"id": "r", "pool": "pool_h100_org_b", "gpus": 1, "team": "a"}]}, "reservation r is of"),
        ({"teams": [{"id": "b", "organization": "org_b"}, {"id": "a", "parent": "b"}]}, "team a is of"),
        ({"allocations": [{"id": "x", "team": "b", "reservation": "res-a", "gpus": 1}]}, "allocation x is of"),
        ({"pools": [{"gpu_type": "H100", "gpus": 9, "organization": "o", "shared": True}]}, "shared, and of an"),
    ],
)
def test_a_configuration_that_would_lend_is_refused(changed, why):
    with pytest.raises(ConfigurationError, match=why):
        LocalChamber(**{**SPLIT, **changed})


@pytest.fixture(scope="module")
def chamber():
    with LocalChamber(executor="simulated", users=USERS) as running:
        yield running


@pytest.fixture
def asked(chamber, tools):
    """Asks the registry as a user who logs in under a name, or with a token."""

    def asking(user=None, name="any", token=None):
        token = token or (chamber.token_of(user) if user else chamber.token)
        call = tools.Caller(chamber)

        def ask(method, path, body=None, **headers):
            return call(method, f"/v2/{path}", body, {**tools.basic(name, token), **headers}, token=False)

        return ask

    return asking


MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def pushed(ask, tools, repository, content):
    digest = tools.digest_of(content)
    assert ask("POST", f"{repository}/blobs/uploads/?digest={digest}", content).status == 201
    config = tools.descriptor("application/vnd.oci.image.config.v1+json", content)
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": []}
    answer = ask("PUT", f"{repository}/manifests/v1", json.dumps(manifest).encode(), **{"Content-Type": MANIFEST})
    assert answer.status == 201, answer.body
    return digest


def test_repositories_are_an_organizations_own(asked, tools):
    here, there, both, two = asked(), asked("zoe"), asked("two", "org_b"), asked("two")
    digest = pushed(here, tools, "team/model", b"of the first")

    assert there("GET", "team/model/manifests/v1").status == 404
    assert there("GET", "team/model/tags/list").status == 404
    assert there("GET", f"team/model/blobs/{digest}").status == 404
    assert there("POST", f"mine/blobs/uploads/?mount={digest}&from=team/model").status == 202
    pushed(there, tools, "team/model", b"of the second")
    first, second = here("GET", "team/model/manifests/v1").body, there("GET", "team/model/manifests/v1").body
    assert first != second
    assert both("GET", "team/model/manifests/v1").body == second
    assert two("GET", "team/model/manifests/v1").body == first


def test_an_upload_goes_on_in_its_organization_alone(asked):
    here, there = asked(), asked("zoe")
    place = here("POST", "team/upload/blobs/uploads/").headers["Location"].removeprefix("/v2/")

    assert there("PATCH", place, b"foreign").status == 404
    assert there("DELETE", place).status == 404
    assert here("DELETE", place).status == 204


def test_the_marker_base_is_everybodys_and_nobody_elses_to_change(asked):
    there = asked("zoe")

    assert there("GET", "chamber.local/python/manifests/latest").status == 200
    assert there("POST", "chamber.local/python/blobs/uploads/").status == 403


def test_an_executors_token_pulls_for_its_organization_and_does_nothing_else(chamber, asked, tools):
    pushed(asked("zoe"), tools, "team/pulled", b"pulled")
    token = chamber._started.folder.pull_token("org_b")
    puller, stranger = asked(token=token), asked(token=chamber._started.folder.pull_token("org_x"))

    assert puller("GET", "team/pulled/manifests/v1").status == 200
    assert puller("POST", "team/pulled/blobs/uploads/").status == 401
    assert stranger("GET", "").status == 401
    bearer = {"Authorization": f"Bearer {token}"}
    assert tools.Caller(chamber)("GET", "/v1/workloads", headers=bearer, token=False).status == 401


def test_a_run_goes_into_its_organizations_repositories_and_runs_from_there(tmp_path):
    (tmp_path / "train.py").write_text("print('trained')\n")
    with LocalChamber(users=USERS) as chamber:
        for user, team in ((None, chamber.team), ("zoe", "b")):
            with chamber.client(user) as client:
                done = client.run(tmp_path, team=team, wait=True, poll_interval=0.1)
                assert "trained" in chamber.logs(done.id)
                (tmp_path / "train.py").write_text("print('trained elsewhere')\n")
        first, second = chamber.workloads()
        assert (str(first.status), str(second.status)) == ("COMPLETED", "COMPLETED")
        with chamber.client("zoe") as client:
            borrowed = client.submit_job("b", "b", "H100", k8s_manifest=first.k8s_manifest)
            ended = client.wait_for_completion(borrowed.id, 0.1)
    assert str(ended.status) == "FAILED"
    assert "is not in this Chamber's registry" in ended.failure_reason
