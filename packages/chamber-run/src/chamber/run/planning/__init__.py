"""From a folder and settings to one value that says everything a run would do."""

__all__: list[str] = []
