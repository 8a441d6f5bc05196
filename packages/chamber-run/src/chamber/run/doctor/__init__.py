"""`client.doctor()`: whether all that a run needs is there, and the remedy where it is not."""

__all__: list[str] = []
