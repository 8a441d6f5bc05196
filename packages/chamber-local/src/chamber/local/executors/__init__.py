"""What runs workloads: host processes, or nothing but the clock."""

__all__: list[str] = []
