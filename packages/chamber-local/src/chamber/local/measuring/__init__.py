"""Measurements taken from real processes and real GPUs."""

__all__: list[str] = []
