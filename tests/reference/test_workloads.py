"""Section "Workload Management": reading, listing and cancelling."""

from datetime import UTC, datetime, timedelta

import pytest
from covering import covers, fields, parameters

from chamber.core import ConflictError, JobStatus, NotFoundError, PaginatedResponse


@covers(
    "get_workload()",
    "get_workload(workload_id)",
    *fields("Workload", "submitted_at started_at completed_at"),
)
def test_a_workload_is_read_by_its_id(client, submit):
    before = datetime.now(UTC)
    first, second = submit(), submit()
    job = client.get_workload(first.id)
    assert (job.id, job.name, job.status) == (first.id, first.name, JobStatus.COMPLETED)
    assert before <= job.submitted_at <= job.started_at <= job.completed_at <= datetime.now(UTC)
    assert job.submitted_at.tzinfo is UTC
    assert client.get_workload(second.id).id == second.id


@covers("Workload.failure_reason")
def test_a_workload_that_failed_says_why(submit):
    job = submit(gpu_type="Z80")
    assert (job.status, job.failure_reason) == (
        JobStatus.FAILED,
        "can never be scheduled: it asks for 1 Z80, and this Chamber has H100 x 4096, A100 x 64",
    )


def test_a_workload_that_is_not_there_is_not_found(client):
    with pytest.raises(NotFoundError):
        client.get_workload("invalid-id")


def names(workloads):
    return [workload.name for workload in workloads]


FILTERS = "status initiative_id submitted_by is_managed submitted_after submitted_before sort_order"


@pytest.fixture
def five(submit, new_team, submitted_before):
    """Five workloads of one team, oldest first, and one of another."""
    jobs = [submit(name=f"j{number}", gpu_type="Z80" if number == 3 else "H100") for number in range(5)]
    for number, job in enumerate(jobs):
        submitted_before(job.id, 10 - number)
    submit(name="of another team", initiative_id=new_team())
    return jobs


@covers("list_workloads()", *parameters("list_workloads", FILTERS))
def test_each_filter_of_a_listing_chooses(client, team, five):
    def listed(**filters):
        return names(client.list_workloads(**{"initiative_id": team, **filters}))

    now = datetime.now(UTC)
    assert listed() == ["j4", "j3", "j2", "j1", "j0"]
    assert listed(sort_order="asc") == ["j0", "j1", "j2", "j3", "j4"]
    assert listed(status=JobStatus.FAILED) == ["j3"]
    assert listed(status=["failed", "RUNNING"]) == ["j3"]
    assert listed(status="FAILED,COMPLETED", sort_order="asc") == ["j0", "j1", "j2", "j3", "j4"]
    assert listed(submitted_by="local-user") == listed()
    assert listed(submitted_by="somebody else") == []
    assert listed(is_managed=True) == listed()
    assert listed(is_managed=False) == []
    assert listed(submitted_after=now - timedelta(days=7.5)) == ["j4", "j3"]
    assert listed(submitted_before=(now - timedelta(days=8.5)).isoformat()) == ["j1", "j0"]


@covers(
    *parameters("list_workloads", "limit next_token"),
    *fields("PaginatedResponse", "items next_token total_count"),
)
def test_pages_follow_each_other(client, team, five):
    first = client.list_workloads(initiative_id=team, limit=2)
    second = client.list_workloads(initiative_id=team, limit=2, next_token=first.next_token)
    last = client.list_workloads(initiative_id=team, limit=2, next_token=second.next_token)
    assert isinstance(first, PaginatedResponse)
    assert [names(page.items) for page in (first, second, last)] == [["j4", "j3"], ["j2", "j1"], ["j0"]]
    assert [page.total_count for page in (first, second, last)] == [5, 5, 5]
    assert (first.has_more, last.has_more, last.next_token, len(last)) == (True, False, None, 1)


@covers("iter_workloads()", *parameters("iter_workloads", FILTERS))
def test_all_pages_are_gone_through_with_every_filter(client, team, five):
    def listed(**filters):
        return names(client.iter_workloads(**{"initiative_id": team, **filters}, page_size=2))

    now = datetime.now(UTC)
    assert listed() == ["j4", "j3", "j2", "j1", "j0"]
    assert listed(sort_order="asc") == ["j0", "j1", "j2", "j3", "j4"]
    assert listed(status=JobStatus.FAILED) == ["j3"]
    assert listed(submitted_by="somebody else") == []
    assert listed(is_managed=False) == []
    assert listed(submitted_after=now - timedelta(days=7.5)) == ["j4", "j3"]
    assert listed(submitted_before=now - timedelta(days=8.5)) == ["j1", "j0"]


@covers("cancel_workload()", "cancel_workload(workload_id)")
def test_a_running_workload_is_cancelled(client, submit):
    job, other = submit(lasting=True), submit(lasting=True)
    assert client.cancel_workload(job.id).status is JobStatus.CANCELLED
    assert f"{client.get_workload(job.id).status}" == "CANCELLED"
    assert client.get_workload(other.id).status is JobStatus.RUNNING


def test_a_workload_that_has_ended_cannot_be_cancelled(client, submit):
    with pytest.raises(ConflictError):
        client.cancel_workload(submit().id)


def test_many_are_read_at_once_in_the_order_of_their_ids(client, five):
    ids = [job.id for job in five]
    batch = client.get_workloads([*ids, "wl_none"])
    assert (names(batch), list(batch.failed)) == (["j0", "j1", "j2", "j3", "j4"], ["wl_none"])
    assert len(client.wait_for_all(ids)) == 5


def test_each_change_of_a_workload_is_seen(client, submit):
    job = submit(lasting=True)
    assert [seen.status for seen in client.watch_workload(client.cancel_workload(job.id).id)] == ["CANCELLED"]
