"""What can go wrong between here and a registry, beyond what `chamber.core.errors` names."""

from chamber.core.errors import DockerError

__all__ = ["RegistryAuthError"]


class RegistryAuthError(DockerError):
    """A registry wants a login, or refuses the one it was given (401, 403)."""

    def __init__(self, registry: str, detail: str) -> None:
        super().__init__(f"{registry} refused access: {detail}")
        #: ``host[:port]`` of the registry.
        self.registry = registry
        self.detail = detail
