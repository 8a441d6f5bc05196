"""An image registry at ``/v2/``, as the OCI distribution specification 1.1 has it."""

__all__: list[str] = []
