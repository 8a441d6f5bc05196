"""What it adds to the Chamber client."""

__all__: list[str] = []
