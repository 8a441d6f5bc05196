"""Sections "Workload Submission" and "Distributed Training"."""

import uuid

import pytest
from covering import covers, fields, parameters

from chamber.core import JobClass, JobStatus, ScalingMode, ValidationError
from chamber.local import LocalChamber


@covers(
    "submit_job()",
    *parameters("submit_job", "name initiative_id gpu_type requested_gpus job_class priority tags metadata"),
    *parameters("submit_job", "external_id template_id allocation_id"),
    *fields("Workload", "id name requested_gpus gpu_type job_class priority tags metadata template_id initiative_id"),
    *fields("Workload", "status submitted_by"),
)
def test_a_job_is_submitted_as_it_was_described(client, team):
    allocation = client.create_allocation(team, "reservation-1", 2)
    asked = {
        "name": "training-job",
        "initiative_id": team,
        "gpu_type": "A100",
        "requested_gpus": 2.5,
        "job_class": JobClass.ELASTIC,
        "priority": 70,
        "tags": {"experiment": "v1", "camelCase": "kept"},
        "metadata": {"simulated_seconds": 0, "Deep": {"er": [1, None]}},
        "external_id": f"mine-{team}",
        "template_id": "tmpl_hello",
        "allocation_id": allocation.id,
    }
    job = client.submit_job(**asked)
    assert {name: getattr(job, name) for name in asked} == asked
    assert client.get_workload(job.id).tags == asked["tags"]
    assert (job.status, job.submitted_by) == (JobStatus.PENDING, "local-user")


def test_what_is_not_said_is_reserved_and_one_gpu(client, team):
    job = client.submit_job("plain", team, "H100")
    assert (job.job_class, job.requested_gpus, job.tags, job.template_id) == (JobClass.RESERVED, 1, {}, None)
    assert job.external_id.startswith("cb-")


@covers(*parameters("submit_job", "gpus_per_pod requested_pods scaling_mode min_pods distribution_mode"))
def test_distributed_jobs_are_submitted_as_they_were_described(client, team):
    pods = {"gpus_per_pod": 8, "requested_pods": 4, "scaling_mode": ScalingMode.ELASTIC, "min_pods": 2}
    job = client.submit_job("distributed", team, "H100", 32, distribution_mode="manual", **pods)
    assert job.extra == {**pods, "distribution_mode": "manual"}
    assert client.submit_job("by pods", team, "H100", gpus_per_pod=8, requested_pods=4).requested_gpus == 32


MANIFEST = """\
apiVersion: batch/v1
kind: Job
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
        - {name: main, image: "chamber.local/python:latest", command: [python, -c, "print('from the manifest')"]}
"""


@covers("submit_job(k8s_manifest)")
def test_the_manifest_is_what_is_run(client_of, own_settings):
    with LocalChamber() as chamber:
        client = client_of(chamber)
        job = client.submit_job("manifest", chamber.team, "H100", k8s_manifest=MANIFEST)
        ended = client.wait_for_completion(job.id, poll_interval=0.05, timeout=60)
        assert (ended.status, chamber.logs(job.id)) == (JobStatus.COMPLETED, "from the manifest\n")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"name": ""}, "name"),
        ({"name": "n" * 256}, "name has 1 to 255 characters, not 256"),
        ({"initiative_id": ""}, "initiative_id is needed"),
        ({"gpu_type": ""}, "gpu_type is needed"),
        ({"requested_gpus": -1}, "requested_gpus"),
        ({"job_class": "GUARANTEED"}, "job_class is one of RESERVED, ELASTIC"),
        ({"priority": 101}, "priority is a whole number from 0 to 100"),
        ({"priority": -1}, "priority is a whole number from 0 to 100"),
        ({"external_id": "x" * 256}, "external_id has 1 to 255 characters"),
        ({"k8s_manifest": "x" * 65_537}, "k8s_manifest has 1 to 65536 characters"),
        ({"distribution_mode": "magic"}, "distribution_mode is one of auto, manual"),
        ({"scaling_mode": "RUBBER"}, "scaling_mode is one of GANG, ELASTIC"),
        ({"gpus_per_pod": 0}, "gpus_per_pod"),
        ({"requested_pods": 1.5}, "requested_pods"),
        ({"min_pods": 0}, "min_pods"),
    ],
)
def test_what_is_out_of_bounds_is_refused_before_it_is_sent(client, team, wrong, message):
    with pytest.raises(ValidationError, match=message) as caught:
        client.submit_job(**{"name": "n", "initiative_id": team, "gpu_type": "H100", **wrong})
    assert caught.value.status_code is None


@pytest.mark.parametrize("bound", [{"name": "n" * 255}, {"priority": 0}, {"priority": 100}])
def test_the_bounds_themselves_are_accepted(client, team, bound):
    job = client.submit_job(**{"name": "n", "initiative_id": team, "gpu_type": "H100", **bound})
    assert {name: getattr(job, name) for name in bound} == bound


def test_the_longest_external_id_is_accepted(client, team):
    longest = uuid.uuid4().hex.ljust(255, "x")
    assert client.submit_job("n", team, "H100", external_id=longest).external_id == longest


def test_the_longest_manifest_is_accepted(client, team):
    assert client.submit_job("n", team, "H100", k8s_manifest="x" * 65_536).id


@pytest.mark.parametrize("spelt", ["reserved", "Reserved", JobClass.RESERVED])
def test_words_are_known_in_any_case(client, team, spelt):
    assert client.submit_job("n", team, "H100", job_class=spelt).job_class is JobClass.RESERVED


def test_what_the_api_refuses_is_told_with_the_field(client):
    with pytest.raises(ValidationError, match="there is no team 'nobody'") as caught:
        client.submit_job("n", "nobody", "H100")
    assert (caught.value.status_code, caught.value.code) == (400, "VALIDATION_ERROR")
    assert caught.value.details[0]["field"] == "initiative_id"
