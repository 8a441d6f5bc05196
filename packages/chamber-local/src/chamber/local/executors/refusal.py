"""The one error inside the executors."""

__all__ = ["Refused"]


class Refused(Exception):
    """A workload cannot be run; the message is its failure_reason."""
