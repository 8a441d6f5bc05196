"""Signals by their names."""

import contextlib
import signal

__all__ = ["signal_name"]


def signal_name(number: int) -> str:
    """``signal 9 (SIGKILL)``."""
    with contextlib.suppress(ValueError):
        return f"signal {number} ({signal.Signals(number).name})"
    return f"signal {number}"
