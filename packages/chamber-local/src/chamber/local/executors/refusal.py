"""The one error inside the executors."""

__all__ = ["Refused"]


class Refused(Exception):  # noqa: N818 - it is caught by name and becomes a failure_reason
    """A workload cannot be run; the message is its failure_reason."""
