"""What an image is made of: a base, an environment, and the project as deterministic layers."""

__all__: list[str] = []
