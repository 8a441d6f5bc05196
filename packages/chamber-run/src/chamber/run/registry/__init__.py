"""An image registry over HTTP: manifests, blobs, logins, and putting an image there (OCI distribution 1.1)."""

__all__: list[str] = []
