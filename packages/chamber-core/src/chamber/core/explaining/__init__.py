"""Why a workload waits, was preempted or failed: one reason, and what to do next."""

__all__: list[str] = []
