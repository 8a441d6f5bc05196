"""A client that works for a long time beside faults, restarts and forks: what it leaks, loses, doubles and slows."""

from reliability.soak.run import Size, main, soak

__all__ = ["Size", "main", "soak"]
