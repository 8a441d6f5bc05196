"""A project as image layers, appended to its environment image."""

__all__: list[str] = []
