"""The Chamber API in its documented dialect, below ``/v1/``."""

__all__: list[str] = []
