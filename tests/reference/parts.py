"""Every method, parameter and model field of the reference, and how the effect of each is taken away."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple

from knockout import without_argument, without_field, without_keys, without_segment

__all__ = ["PARTS", "Part", "parameters_of"]


class Part(NamedTuple):
    """One row of the table."""

    name: str
    #: How its effect is taken away, in words; empty where it is not.
    away: str = ""
    #: Takes it away for as long as it is entered.
    taken: AbstractContextManager[None] = nullcontext()


#: Method → the requests it makes, and the parameters that go into them.
REQUESTS = {
    "submit_job": (
        "POST workloads",
        "name initiative_id gpu_type requested_gpus job_class priority tags metadata external_id k8s_manifest "
        "template_id allocation_id gpus_per_pod requested_pods scaling_mode min_pods distribution_mode",
    ),
    "list_workloads": (
        "GET workloads",
        "status initiative_id submitted_by is_managed submitted_after submitted_before sort_order limit next_token",
    ),
    "iter_workloads": (
        "GET workloads",
        "status initiative_id submitted_by is_managed submitted_after submitted_before sort_order",
    ),
    "search_workloads": (
        "POST workloads/search",
        "status job_class gpu_type initiative_id submitted_by capacity_pool_id priority_min priority_max "
        "requested_gpus_min requested_gpus_max submitted_from submitted_to query sort_by sort_order page_size cursor",
    ),
    "iter_search": (
        "POST workloads/search",
        "status job_class gpu_type initiative_id submitted_by capacity_pool_id priority_min priority_max "
        "requested_gpus_min requested_gpus_max submitted_from submitted_to query sort_by sort_order page_size",
    ),
    "get_workload_aggregations": (
        "GET workloads/aggregations",
        "dimension status job_class initiative_id capacity_pool_id submitted_from submitted_to",
    ),
    "get_workload_metrics": ("GET workloads/*/metrics", "time_range metrics"),
    "get_global_metrics": ("GET metrics", "time_range initiative_id cluster_id group_by"),
    "get_batch_workload_metrics": (
        "GET workloads/metrics",
        "status initiative_id time_range sort_by sort_order limit group_by",
    ),
    "get_workload_stats": ("GET workloads/stats", "time_range initiative_id start_time end_time group_by"),
    "list_teams": ("GET teams", ""),
    "create_team": ("POST teams", "name description parent_id tags"),
    "list_templates": ("GET templates", "name scope include_system"),
    "list_allocations": ("GET customer/allocations", "initiative_id"),
    "create_allocation": ("POST customer/allocations", "initiative_id reservation_id allocated_instances"),
    "get_capacity": ("GET capacity", "initiative_id pool_id"),
    "health": ("GET health", ""),
    "run": ("POST workloads", "gpus gpu_type team"),
}

#: Parameters whose names on the wire are others, or of which the wire has two.
_SPELT = {
    ("run", "gpus"): ("requested_gpus", "gpus_per_pod"),
    ("run", "team"): ("initiative_id",),
    ("get_workload_stats", "start_time"): ("start_time", "start_date"),
    ("get_workload_stats", "end_time"): ("end_time", "end_date"),
    ("get_batch_workload_metrics", "sort_order"): ("sort_order", "order"),
}
_EVERYWHERE = {
    "submitted_after": ("submitted_after", "start_date"),
    "submitted_before": ("submitted_before", "end_date"),
}
_SEARCHED = {
    "priority_min": ("priority.min",),
    "priority_max": ("priority.max",),
    "requested_gpus_min": ("requested_gpus.min",),
    "requested_gpus_max": ("requested_gpus.max",),
    "submitted_from": ("submitted_at.from",),
    "submitted_to": ("submitted_at.to",),
}

#: Method → its parameter that is an id in the path.
IDS = {
    "get_workload": ("GET workloads/*", "workload_id"),
    "cancel_workload": ("POST workloads/*/cancel", "workload_id"),
    "wait_for_completion": ("GET workloads/*", "workload_id"),
    "get_workload_metrics": ("GET workloads/*/metrics", "workload_id"),
    "get_team": ("GET teams/*", "team_id"),
    "get_template": ("GET templates/*", "template_id"),
    "get_allocation": ("GET customer/allocations/*", "allocation_id"),
}

#: Method → its parameters that are the client's own affair.
OWN = {
    "wait_for_completion": "poll_interval timeout terminal_statuses",
    "run": "directory registry distributed dry_run wait on_progress",
    "add_registry": "name url set_default",
    "list_registries": "",
    "set_default_registry": "name",
    "get_default_registry": "",
}

#: Ways to make a client: tests hold them, nothing is taken away.
CLIENTS = {"ChamberClient": "token organization_id api_url timeout", "from_config": "config_dir api_url"}

FIELDS = {
    "Workload": "id name status requested_gpus gpu_type job_class priority tags metadata template_id initiative_id "
    "submitted_by submitted_at started_at completed_at failure_reason",
    "PaginatedResponse": "items next_token total_count",
    "WorkloadSearchResult": "items total_count has_more next_cursor",
    "AggregationResult": "dimension buckets total",
    "AggregationBucket": "key count",
    "WorkloadMetrics": "gpu_utilization memory_utilization temperature power_usage",
    "MetricSummary": "avg min max current",
    "GlobalMetrics": "active_workloads total_gpu_hours gpu_utilization",
    "WorkloadStats": "total by_status by_job_class",
    "Team": "id name description parent_id tags created_at",
    "Template": "id name scope description gpu_type requested_gpus k8s_manifest configuration",
    "Allocation": "id initiative_id reservation_id allocated_instances status created_at",
    "Capacity": "budget pools",
    "CapacityBudget": "allocated used available",
    "CapacityPool": "name gpu_type available_gpus total_gpus",
    "HealthStatus": "status version",
}

#: A plan is not told by the API: tests hold its fields.
PLAN = "dockerfile manifest"


def parameters_of(method: str) -> list[str]:
    """The parameters of a method, wherever they go."""
    words = [IDS[method][1]] if method in IDS else []
    return [*words, *REQUESTS.get(method, ("", ""))[1].split(), *OWN.get(method, "").split()]


def _wire(method: str, parameter: str) -> tuple[str, ...]:
    searched = _SEARCHED.get(parameter, (parameter,)) if method in {"search_workloads", "iter_search"} else (parameter,)
    return _SPELT.get((method, parameter)) or _EVERYWHERE.get(parameter) or searched


def _methods() -> Iterator[Part]:
    for maker, words in CLIENTS.items():
        yield Part(f"{maker}()")
        yield from (Part(f"{maker}({word})") for word in words.split())
    for method in dict.fromkeys([*REQUESTS, *IDS, *OWN]):
        yield Part(f"{method}()")
        yield from _parameters(method)


def _parameters(method: str) -> Iterator[Part]:
    if method in IDS:
        endpoint, word = IDS[method]
        yield Part(f"{method}({word})", f"another id in `{endpoint}`", without_segment(endpoint))
    endpoint, words = REQUESTS.get(method, ("", ""))
    for word in words.split():
        keys = _wire(method, word)
        shown = " and ".join(f"`{key}`" for key in keys)
        yield Part(f"{method}({word})", f"{shown} left out of `{endpoint}`", without_keys(endpoint, keys))
    for word in OWN.get(method, "").split():
        yield Part(f"{method}({word})", "argument left out, or altered", without_argument(method, word))


def _fields() -> Iterator[Part]:
    for model, words in FIELDS.items():
        for word in words.split():
            yield Part(f"{model}.{word}", "field left out of the answer", without_field(model, word))
    yield from (Part(f"DryRunResult.{word}") for word in PLAN.split())


#: Every row of the table, by name.
PARTS: dict[str, Part] = {part.name: part for part in (*_methods(), *_fields())}
