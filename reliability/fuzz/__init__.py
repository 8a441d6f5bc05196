"""Fuzzing what strangers send: each target reads bytes of any kind, and may only say what it is or raise our errors."""

from reliability.fuzz.campaign import main

__all__ = ["main"]
