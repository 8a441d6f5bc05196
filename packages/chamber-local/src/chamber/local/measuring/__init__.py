"""Measurements taken from real processes and real GPUs."""
