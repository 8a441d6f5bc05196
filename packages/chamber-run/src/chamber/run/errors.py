"""What `run()` and `plan()` raise beside the family of `chamber.core.errors`.

ConfigurationError (ValueError)
├── ProjectNotFoundError (FileNotFoundError)      there is no such directory
├── EntrypointNotFoundError (FileNotFoundError)   nothing in the project says how to start it
└── AmbiguousEntrypointError                      several things do
DockerError
└── RegistryAuthError                             a registry refused access
"""

from chamber.core.errors import ConfigurationError, DockerError

__all__ = ["AmbiguousEntrypointError", "EntrypointNotFoundError", "ProjectNotFoundError", "RegistryAuthError"]


class ProjectNotFoundError(ConfigurationError, FileNotFoundError):
    """There is no such project directory."""


class EntrypointNotFoundError(ConfigurationError, FileNotFoundError):
    """Nothing in the project says how to start it, or the entrypoint that was named is not there."""


class AmbiguousEntrypointError(ConfigurationError):
    """Several files could start the project; the message names the argument that chooses one."""


class RegistryAuthError(DockerError):
    """A registry wants a login, or refuses the one it was given (401, 403)."""

    def __init__(self, registry: str, detail: str) -> None:
        super().__init__(f"{registry} refused access: {detail}")
        #: ``host[:port]`` of the registry.
        self.registry = registry
        self.detail = detail
