"""Every endpoint below ``/v1``: the one table that is served, and described in the OpenAPI document."""

from chamber.local.api import (
    allocations,
    fleet_metrics,
    logs,
    search,
    statistics,
    submission,
    teams,
    templates,
    workload_metrics,
    workloads,
)
from chamber.local.api.capacity import capacity
from chamber.local.api.endpoints import endpoint
from chamber.local.api.health import health

__all__ = ["ENDPOINTS"]

ENDPOINTS = (
    endpoint("GET", "/health", health, public=True),
    endpoint("GET", "/workloads", workloads.list_workloads),
    endpoint("POST", "/workloads", submission.submit, status=201, refuses=(409, 422)),
    endpoint("POST", "/workloads/search", search.search_workloads),
    endpoint("GET", "/workloads/aggregations", search.aggregate_workloads),
    endpoint("GET", "/workloads/stats", statistics.workload_statistics),
    endpoint("GET", "/workloads/metrics", fleet_metrics.batch_metrics),
    endpoint("GET", "/workloads/{workload_id}", workloads.get_workload),
    endpoint("POST", "/workloads/{workload_id}/cancel", workloads.cancel_workload, refuses=(409,)),
    endpoint("GET", "/workloads/{workload_id}/metrics", workload_metrics.workload_metrics),
    endpoint("GET", "/workloads/{workload_id}/logs", logs.workload_logs),
    endpoint("GET", "/metrics", fleet_metrics.global_metrics),
    endpoint("GET", "/teams", teams.list_teams),
    endpoint("POST", "/teams", teams.create_team, status=201),
    endpoint("GET", "/teams/{team_id}", teams.get_team),
    endpoint("GET", "/templates", templates.list_templates),
    endpoint("GET", "/templates/{template_id}", templates.get_template),
    endpoint("GET", "/customer/allocations", allocations.list_allocations),
    endpoint("POST", "/customer/allocations", allocations.create_allocation, status=201),
    endpoint("GET", "/customer/allocations/{allocation_id}", allocations.get_allocation),
    endpoint("GET", "/capacity", capacity, refuses=(404,)),
)
