"""Sections "search_workloads()" and "get_workload_aggregations()"."""

from datetime import UTC, datetime, timedelta

import pytest
from covering import covers, fields, parameters

from chamber.core import AggregationResult, JobClass, WorkloadSearchResult


def names(workloads):
    return [workload.name for workload in workloads]


@pytest.fixture
def four(submit, new_team, submitted_before):
    """Four workloads that differ in everything, oldest first, and one of another team."""
    jobs = [
        submit(name="train one", priority=10, requested_gpus=1),
        submit(name="train two", priority=40, requested_gpus=2, gpu_type="A100"),
        submit(name="infer three", priority=20, requested_gpus=4, job_class=JobClass.ELASTIC),
        submit(name="train four", priority=30, requested_gpus=8, gpu_type="Z80"),
    ]
    for number, job in enumerate(jobs):
        submitted_before(job.id, 10 - number)
    submit(name="train elsewhere", initiative_id=new_team(), priority=25)
    return jobs


FILTERS = "status job_class gpu_type initiative_id submitted_by priority_min priority_max requested_gpus_min"
OTHERS = "requested_gpus_max submitted_from submitted_to query sort_by sort_order"


def checked(search, team):
    """What each filter leaves of the four."""
    now = datetime.now(UTC)
    rows = [
        ({}, ["train four", "infer three", "train two", "train one"]),
        ({"status": ["FAILED", "RUNNING"]}, ["train four"]),
        ({"job_class": ["ELASTIC"]}, ["infer three"]),
        ({"gpu_type": ["A100", "Z80"]}, ["train four", "train two"]),
        ({"submitted_by": ["somebody else"]}, []),
        ({"priority_min": 25}, ["train four", "train two"]),
        ({"priority_max": 25}, ["infer three", "train one"]),
        ({"requested_gpus_min": 4}, ["train four", "infer three"]),
        ({"requested_gpus_max": 2}, ["train two", "train one"]),
        ({"submitted_from": (now - timedelta(days=8.5)).isoformat()}, ["train four", "infer three"]),
        ({"submitted_to": now - timedelta(days=8.5)}, ["train two", "train one"]),
        ({"query": "train"}, ["train four", "train two", "train one"]),
        ({"sort_by": "priority"}, ["train two", "train four", "infer three", "train one"]),
        ({"sort_by": "priority", "sort_order": "asc"}, ["train one", "infer three", "train four", "train two"]),
        ({"capacity_pool_id": ["pool_a100"]}, ["train two"]),
    ]
    for filters, expected in rows:
        assert names(search(initiative_id=[team], **filters)) == expected, filters


@covers("search_workloads()", *parameters("search_workloads", f"{FILTERS} {OTHERS} capacity_pool_id"))
def test_each_filter_of_a_search_chooses(client, team, four):
    checked(client.search_workloads, team)


@covers("iter_search()", *parameters("iter_search", f"{FILTERS} {OTHERS} capacity_pool_id page_size"))
def test_all_pages_of_a_search_are_gone_through_with_every_filter(client, team, four, asked):
    checked(client.iter_search, team)
    assert len(names(client.iter_search(initiative_id=team, page_size=3))) == 4
    assert [body["page_size"] for body in asked("POST", "/workloads/search")][-2:] == [3, 3]


@covers(
    *parameters("search_workloads", "page_size cursor"),
    *fields("WorkloadSearchResult", "items total_count has_more next_cursor"),
)
def test_pages_of_a_search_follow_each_other(client, team, four):
    first = client.search_workloads(initiative_id=team, page_size=3)
    assert isinstance(first, WorkloadSearchResult)
    assert (names(first.items), first.total_count, first.has_more, first.returned_count) == (
        ["train four", "infer three", "train two"],
        4,
        True,
        3,
    )
    last = client.search_workloads(cursor=first.next_cursor)
    assert (names(last), last.has_more, last.next_cursor) == (["train one"], False, None)


@covers(
    "get_workload_aggregations()",
    *parameters("get_workload_aggregations", "dimension status job_class initiative_id submitted_from submitted_to"),
    "get_workload_aggregations(capacity_pool_id)",
    *fields("AggregationResult", "dimension buckets total"),
    *fields("AggregationBucket", "key count"),
)
def test_workloads_are_counted_by_each_dimension_and_with_each_filter(client, team, four):
    def counted(dimension, **filters):
        found = client.get_workload_aggregations(dimension=dimension, initiative_id=[team], **filters)
        assert isinstance(found, AggregationResult)
        assert found.dimension == dimension
        return {bucket.key: bucket.count for bucket in found.buckets}, found.total

    now = datetime.now(UTC)
    assert counted("status") == ({"COMPLETED": 3, "FAILED": 1}, 4)
    assert counted("job_class") == ({"RESERVED": 3, "ELASTIC": 1}, 4)
    assert counted("gpu_type") == ({"H100": 2, "A100": 1, "Z80": 1}, 4)
    assert counted("initiative_id") == ({team: 4}, 4)
    assert counted("submitted_by") == ({"local-user": 4}, 4)
    assert counted("capacity_pool_id", status=["COMPLETED"]) == ({"pool_h100": 2, "pool_a100": 1}, 3)
    assert counted("gpu_type", status="failed") == ({"Z80": 1}, 1)
    assert counted("status", job_class=["ELASTIC"]) == ({"COMPLETED": 1}, 1)
    assert counted("gpu_type", capacity_pool_id="pool_a100") == ({"A100": 1}, 1)
    assert counted("gpu_type", submitted_from=now - timedelta(days=7.5)) == ({"Z80": 1}, 1)
    assert counted("gpu_type", submitted_to=now - timedelta(days=9.5)) == ({"H100": 1}, 1)
