"""What Kubernetes is told: the command line, the resources, the manifest."""

__all__: list[str] = []
