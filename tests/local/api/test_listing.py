import pytest


@pytest.fixture
def many(simulated):
    """Seven finished workloads, oldest first."""
    kinds = [("H100", "RESERVED"), ("A100", "ELASTIC")]
    for number in range(7):
        gpu_type, job_class = kinds[number % 2]
        simulated.submit(name=f"job {number}", gpu_type=gpu_type, job_class=job_class, priority=10 * number)
    for workload in simulated.get("/workloads")["workloads"]:
        simulated.wait(workload["workload_id"])
    return simulated


def names(page):
    return [workload["name"] for workload in page["workloads"]]


def walk(call, query, between=lambda: None):
    found, token = [], ""
    while token is not None:
        answer = call("GET", f"/v1/workloads?{query}&next_token={token}").json
        found += names(answer["data"])
        token = answer["metadata"]["next_token"]
        between()
    return found


def test_the_newest_come_first_and_the_total_is_told(many):
    answer = many("GET", "/v1/workloads").json

    assert names(answer["data"]) == [f"job {n}" for n in reversed(range(7))]
    assert answer["metadata"] == {"next_token": None, "total_count": 7}


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_pages_show_everything_once(many, limit):
    assert walk(many, f"limit={limit}") == [f"job {n}" for n in reversed(range(7))]
    assert walk(many, f"limit={limit}&sort_order=asc") == [f"job {n}" for n in range(7)]


def test_pages_do_not_shift_when_workloads_are_submitted_in_between(many):
    found = walk(many, "limit=2", between=lambda: many.submit(name="later"))

    assert found == [f"job {n}" for n in reversed(range(7))]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("status=completed", 7),
        ("status=COMPLETED", 0),
        ("status=running,completed", 7),
        ("status=failed", 0),
        ("initiative_id=init_local", 7),
        ("initiative_id=other", 0),
        ("submitted_by=local-user", 7),
        ("submitted_by=other", 0),
        ("is_managed=true", 7),
        ("is_managed=false", 0),
        ("organization_id=org_local", 7),
        ("organization_id=other", 0),
        ("start_date=2000-01-01", 7),
        ("start_date=2999-01-01T00:00:00Z", 0),
        ("end_date=2999-01-01T00:00:00%2B02:00", 7),
        ("end_date=2000-01-01", 0),
        ("start_date=2000-01-01&end_date=2999-01-01", 7),
        ("submitted_before=2000-01-01", 7),
    ],
)
def test_filters_choose(many, query, count):
    answer = many("GET", f"/v1/workloads?{query}").json

    assert (len(answer["data"]["workloads"]), answer["metadata"]["total_count"]) == (count, count)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=sleeping", "status"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=many", "limit"),
        ("start_date=yesterday", "start_date"),
        ("sort_order=up", "sort_order"),
        ("next_token=nonsense", "next_token"),
        ("next_token=!!", "next_token"),
        ("is_managed=perhaps", "is_managed"),
    ],
)
def test_a_wrong_parameter_is_a_validation_error_that_names_it(simulated, query, field):
    answer = simulated("GET", f"/v1/workloads?{query}")

    assert (answer.status, answer.json["error"]["details"][0]["field"]) == (400, field)


def test_an_unknown_workload_is_not_found(simulated):
    for method, path in [("GET", ""), ("POST", "/cancel"), ("GET", "/metrics"), ("GET", "/logs")]:
        answer = simulated(method, f"/v1/workloads/wl_none{path}")
        assert (answer.status, answer.json["error"]["code"]) == (404, "NOT_FOUND")


def search(call, **fields):
    return call("POST", "/v1/workloads/search", fields).data


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, [6, 5, 4, 3, 2, 1, 0]),
        ({"sort_by": "priority", "sort_order": "asc"}, [0, 1, 2, 3, 4, 5, 6]),
        ({"sort_by": "gpu_type", "sort_order": "asc"}, [1, 3, 5, 0, 2, 4, 6]),
        ({"gpu_type": ["a100"]}, [5, 3, 1]),
        ({"job_class": ["RESERVED"]}, [6, 4, 2, 0]),
        ({"priority": {"min": 20, "max": 40}}, [4, 3, 2]),
        ({"requested_gpus": {"min": 2}}, []),
        ({"submitted_at": {"from": "2000-01-01"}}, [6, 5, 4, 3, 2, 1, 0]),
        ({"submitted_at": {"to": "2000-01-01"}}, []),
        ({"query": "JOB 3"}, [3]),
        ({"status": ["running", "completed"], "capacity_pool_id": ["pool_a100"]}, [5, 3, 1]),
        ({"initiative_id": ["other"]}, []),
        ({"submitted_by": ["local-user"]}, [6, 5, 4, 3, 2, 1, 0]),
    ],
)
def test_searches_choose_and_sort(many, fields, expected):
    found = search(many, **fields)

    assert [item["name"] for item in found["items"]] == [f"job {n}" for n in expected]
    assert (found["total_count"], found["returned_count"], found["has_more"]) == (len(expected), len(expected), False)


@pytest.mark.parametrize("sort_by", ["submitted_at", "priority", "gpu_type", "name", "completed_at"])
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_a_cursor_alone_carries_its_search_on(many, sort_by, order):
    whole = search(many, sort_by=sort_by, sort_order=order, query="job")
    page = search(many, sort_by=sort_by, sort_order=order, query="job", page_size=2)
    found = page["items"]
    while page["has_more"]:
        page = search(many, cursor=page["next_cursor"], page_size=2)
        found += page["items"]

    assert [item["name"] for item in found] == [item["name"] for item in whole["items"]]


@pytest.mark.parametrize("fields", [{"sort_by": "k8s_manifest"}, {"page_size": 0}, {"status": "x"}, {"cursor": "e30"}])
def test_a_wrong_search_is_a_validation_error(simulated, fields):
    assert simulated("POST", "/v1/workloads/search", fields).status == 400


@pytest.mark.parametrize(
    ("query", "buckets"),
    [
        ("dimension=status", {"completed": 7}),
        ("dimension=gpu_type", {"H100": 4, "A100": 3}),
        ("dimension=job_class&status=completed", {"RESERVED": 4, "ELASTIC": 3}),
        ("dimension=capacity_pool_id&job_class=ELASTIC", {"pool_a100": 3}),
        ("dimension=initiative_id&submitted_to=2000-01-01", {}),
    ],
)
def test_workloads_are_counted_by_a_dimension(many, query, buckets):
    found = many.get(f"/workloads/aggregations?{query}")

    assert {bucket["key"]: bucket["count"] for bucket in found["buckets"]} == buckets
    assert found["total"] == sum(buckets.values())


def test_an_unknown_dimension_is_a_validation_error(simulated):
    assert simulated("GET", "/v1/workloads/aggregations?dimension=colour").status == 400
    assert simulated("GET", "/v1/workloads/aggregations").status == 400
