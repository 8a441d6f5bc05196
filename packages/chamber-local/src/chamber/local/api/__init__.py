"""The Chamber API in either dialect, below ``/v1/``."""

__all__: list[str] = []
