"""What is in the folder: its kind, its entrypoint, its dependencies, and the files that go into the image."""

__all__: list[str] = []
