"""Which distribution brings which method. A test over the workspace holds this table true."""

__all__ = ["OFFICIAL"]

_METHODS = {
    "chamber-admin": (
        "create_allocation",
        "create_team",
        "get_allocation",
        "get_team",
        "get_template",
        "list_allocations",
        "list_teams",
        "list_templates",
    ),
    "chamber-metrics": (
        "get_batch_workload_metrics",
        "get_global_metrics",
        "get_workload_metrics",
        "get_workload_stats",
    ),
    "chamber-run": (
        "add_registry",
        "doctor",
        "get_default_registry",
        "list_registries",
        "plan",
        "run",
        "set_default_registry",
    ),
}

#: Method → the distribution that it comes with.
OFFICIAL: dict[str, str] = {method: distribution for distribution, methods in _METHODS.items() for method in methods}
