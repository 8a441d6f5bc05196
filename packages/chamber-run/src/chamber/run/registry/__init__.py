"""An image registry over HTTP: references, manifests, blobs, logins (OCI distribution specification 1.1)."""

__all__: list[str] = []
