"""The Chamber API in its documented dialect, below ``/v1/``."""
