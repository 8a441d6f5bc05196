"""The dashboard: a page at ``/``, its files, its data and its streams below ``/dashboard/``."""

__all__: list[str] = []
