"""Runs in the published client's own environment: calls each of its methods, and tells what came of it as JSON.

Arguments: api_url, token, organization_id, team, project directory. Reads nothing else, writes below HOME only.
"""

# pyright: reportMissingImports=false

import inspect
import json
import sys

from chamber_sdk import ChamberClient

url, token, organization, team, project = sys.argv[1:]


def client():
    return ChamberClient(token=token, api_url=url, organization_id=organization)


def submitted(**fields):
    return client().submit_job("job", team, "H100", requested_gpus=1, **fields)


def finished(**fields):
    return client().wait_for_completion(submitted(**fields).id, poll_interval=0.02, timeout=30)


def running():
    return submitted(metadata={"simulated_seconds": 600})


def health():
    told = client().health()
    assert (told.status, bool(told.version), told.timestamp.tzinfo is not None) == ("healthy", True, True)


def from_config():
    (home := __import__("pathlib").Path.home() / ".chamber").mkdir(exist_ok=True)
    (home / "config.json").write_text(json.dumps({"api_url": url, "organization_id": organization}))
    (home / "token.json").write_text(json.dumps({"access_token": token}))
    assert ChamberClient.from_config().health().status == "healthy"


def submit_job():
    job = submitted(
        job_class="ELASTIC",
        priority=10,
        external_id="ext-1",
        k8s_manifest="{}",
        metadata={"a": [1]},
        tags={"b": "c"},
        distribution_mode="manual",
        gpus_per_pod=1,
        requested_pods=2,
        scaling_mode="gang",
        min_pods=1,
    )
    told = (job.job_class.value, job.priority, job.external_id, job.metadata, job.tags, job.requested_gpus)
    assert told == ("ELASTIC", 10, "ext-1", {"a": [1]}, {"b": "c"}, 1.0), told
    assert (job.gpu_type, job.initiative_id, job.submitted_by) == ("H100", team, "local-user")
    assert job.submitted_at.tzinfo is not None


def get_workload():
    done = finished()
    job = client().get_workload(done.id)
    assert (job.id, job.status.value, job.name) == (done.id, "COMPLETED", "job")
    assert job.submitted_at <= job.started_at <= job.completed_at
    assert job.capacity_pool_id == "pool_h100"


def list_workloads():
    done = [finished().id for _ in range(3)]
    page = client().list_workloads(
        status="COMPLETED", sort_order="desc", limit=2, is_managed=True, submitted_by="local-user"
    )
    assert [w.id for w in page.items] == done[:0:-1]
    assert page.total_count >= 3
    later = client().list_workloads(status="COMPLETED", limit=2, next_token=page.next_token)
    assert later.items[0].id == done[0]
    bounds = {"submitted_after": "2000-01-01T00:00:00Z", "submitted_before": "2000-01-02T00:00:00Z"}
    assert client().list_workloads(**bounds).items == []
    assert client().list_workloads(status=["RUNNING", "COMPLETED"], initiative_id=team).items
    assert client().list_workloads(status="completed").items == []


def iter_workloads():
    made = {finished().id for _ in range(5)}
    seen = [w.id for w in client().iter_workloads(status="COMPLETED", initiative_id=team, limit=2)]
    assert made <= set(seen)
    assert len(seen) == len(set(seen))


def get_workload_stats():
    finished(job_class="ELASTIC")
    stats = client().get_workload_stats(time_range="today", initiative_id=team, group_by=["initiative_id"])
    assert stats.by_status["COMPLETED"] >= 1
    assert stats.by_job_class["ELASTIC"] >= 1
    assert stats.total == sum(stats.by_status.values()) == sum(stats.by_job_class.values())
    bounds = {"start_time": "2000-01-01T00:00:00Z", "end_time": "2000-01-02T00:00:00Z"}
    assert client().get_workload_stats("custom", **bounds).total == 0


def get_workload_metrics():
    metrics = client().get_workload_metrics(finished().id, metrics=["gpu_utilization", "temperature"])
    assert metrics.data_quality == "simulated"
    assert metrics.sample_count >= 1
    assert metrics.gpu_utilization is None


def cancel_workload():
    assert client().cancel_workload(running().id).status.value == "CANCELLED"


def search_workloads():
    made = [finished(external_id=f"search-{n}", priority=n).id for n in range(3)]
    asked = {"query": "search-", "status": ["COMPLETED"], "job_class": ["RESERVED"], "gpu_type": ["H100"]}
    ids = {"initiative_id": [team], "submitted_by": ["local-user"], "capacity_pool_id": ["pool_h100"]}
    times = {"submitted_from": "2000-01-01T00:00:00Z", "submitted_to": "2999-01-01T00:00:00Z"}
    ranges = {"priority_min": 0, "priority_max": 2, "requested_gpus_min": 1, "requested_gpus_max": 1}
    found = client().search_workloads(
        **asked, **ids, **times, **ranges, sort_by="priority", sort_order="asc", page_size=2
    )
    assert ([w.id for w in found.items], found.total_count, found.returned_count) == (made[:2], 3, 2)
    assert found.has_more
    rest = client().search_workloads(cursor=found.next_cursor)
    assert ([w.id for w in rest.items], rest.has_more) == (made[2:], False)


def get_workload_aggregations():
    finished()
    told = client().get_workload_aggregations(
        "status",
        status=["COMPLETED"],
        job_class=["RESERVED", "ELASTIC"],
        initiative_id=[team],
        capacity_pool_id=["pool_h100"],
        submitted_from="2000-01-01T00:00:00Z",
        submitted_to="2999-01-01T00:00:00Z",
    )
    assert told.dimension == "status"
    assert [(b.key, b.count) for b in told.buckets] == [("COMPLETED", told.total)]
    assert told.total >= 1


def get_global_metrics():
    running_now = running()
    told = client().get_global_metrics(
        initiative_id=team, time_range="last_24h", cluster_id="local", group_by="initiative_id"
    )
    assert told.active_workloads >= 0
    assert told.total_gpu_hours >= 0
    assert [row["initiative_id"] for row in told.team_breakdown] == [team]
    client().cancel_workload(running_now.id)


def get_batch_workload_metrics():
    done = finished()
    told = client().get_batch_workload_metrics(
        status=["COMPLETED"],
        initiative_id=team,
        time_range="last_7_days",
        sort_by="gpu_hours",
        sort_order="asc",
        limit=50,
    )
    assert done.id in {row["workload_id"] for row in told["workloads"]}
    hours = [row["gpu_hours"] for row in told["workloads"]]
    assert hours == sorted(hours)
    assert [row["initiative_id"] for row in client().get_batch_workload_metrics(group_by="initiative_id")["teams"]]


def list_teams():
    assert team in {t.id for t in client().list_teams()}


def create_team():
    made = client().create_team("ML", description="learns", parent_id=team, tags={"a": "b"})
    assert (made.name, made.description, made.parent_id, made.tags) == ("ML", "learns", team, {"a": "b"})
    assert made.created_at.tzinfo is not None


def get_team():
    assert client().get_team(team).name == "local"


def list_templates():
    (template,) = client().list_templates(name="HEL", scope="ORGANIZATION", include_system=True)
    assert (template.id, template.gpu_type, template.requested_gpus) == ("tmpl_hello", "H100", 1)
    assert client().list_templates(include_system=False) == []


def get_template():
    template = client().get_template("tmpl_hello")
    assert (template.scope, "chamber.local/python" in template.k8s_manifest) == ("ORGANIZATION", True)


def create_allocation():
    made = client().create_allocation(team, "res-1", 4)
    told = (made.initiative_id, made.reservation_id, made.allocated_instances, made.status.value)
    assert told == (team, "res-1", 4, "ACTIVE")


def get_allocation():
    made = client().create_allocation(team, "res-2", 4)
    assert client().get_allocation(made.id) == made


def list_allocations():
    made = client().create_allocation(team, "res-3", 4)
    assert made in client().list_allocations(team)
    assert client().list_allocations("other") == []


def get_capacity():
    told = client().get_capacity(initiative_id=team)
    assert told.budget.available == told.budget.allocated - told.budget.used > 0
    (pool,) = told.pools
    assert (pool.id, pool.gpu_type, pool.total_gpus) == ("pool_h100", "H100", 8)
    assert pool.used_gpus + pool.available_gpus == 8


def wait_for_completion():
    assert finished().status.value == "COMPLETED"


def registries():
    ChamberClient.add_registry("prod", "registry.example/prod", set_default=True)
    ChamberClient.add_registry("dev", "registry.example/dev")
    assert ChamberClient.list_registries() == {"prod": "registry.example/prod", "dev": "registry.example/dev"}
    ChamberClient.set_default_registry("dev")
    assert ChamberClient.get_default_registry() == ("dev", "registry.example/dev")


def run():
    """Dry: a real run builds and pushes with docker buildx, which is no part of a Chamber and need not be here."""
    told = client().run(project, gpus=2, team=team, registry="registry.example/prod", dry_run=True)
    assert told.submit_payload["initiative_id"] == team
    job = client().submit_job(**told.submit_payload)
    assert (job.requested_gpus, job.job_class.value) == (2.0, "ELASTIC")


#: Every public method, and the call that tries it.
CALLS = {
    "add_registry": registries,
    "cancel_workload": cancel_workload,
    "create_allocation": create_allocation,
    "create_team": create_team,
    "from_config": from_config,
    "get_allocation": get_allocation,
    "get_batch_workload_metrics": get_batch_workload_metrics,
    "get_capacity": get_capacity,
    "get_default_registry": registries,
    "get_global_metrics": get_global_metrics,
    "get_team": get_team,
    "get_template": get_template,
    "get_workload": get_workload,
    "get_workload_aggregations": get_workload_aggregations,
    "get_workload_metrics": get_workload_metrics,
    "get_workload_stats": get_workload_stats,
    "health": health,
    "iter_workloads": iter_workloads,
    "list_allocations": list_allocations,
    "list_registries": registries,
    "list_teams": list_teams,
    "list_templates": list_templates,
    "list_workloads": list_workloads,
    "run": run,
    "search_workloads": search_workloads,
    "set_default_registry": registries,
    "submit_job": submit_job,
    "wait_for_completion": wait_for_completion,
}


def refusals():
    """Which exception each kind of refusal becomes."""
    from chamber_sdk.exceptions import AuthenticationError, AuthorizationError, NotFoundError, ValidationError

    calls = {
        NotFoundError: lambda: client().get_workload("wl_none"),
        ValidationError: lambda: client().submit_job("job", "nobody", "H100"),
        AuthenticationError: lambda: ChamberClient("wrong", url, organization).list_teams(),
        AuthorizationError: lambda: ChamberClient(token, url, "other").list_teams(),
    }
    for kind, call in calls.items():
        assert outcome(call).startswith(f"{kind.__name__}: "), outcome(call)


def outcome(call):
    try:
        call()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "works"


methods = {name for name, _ in inspect.getmembers(ChamberClient, callable) if not name.startswith("_")}
told = {name: outcome(CALLS[name]) if name in CALLS else "has no row in CALLS" for name in sorted(methods)}
told |= {name: "is in CALLS, and is no method" for name in CALLS if name not in methods}
json.dump({**told, "refusals": outcome(refusals)}, sys.stdout)
