"""Jobs as containers of docker or podman."""

__all__: list[str] = []
