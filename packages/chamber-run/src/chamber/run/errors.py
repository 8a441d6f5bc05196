"""What `run()` and `plan()` raise beside the family of `chamber.core.errors`.

ConfigurationError (ValueError)
├── ProjectNotFoundError (FileNotFoundError)      there is no such directory
├── EntrypointNotFoundError (FileNotFoundError)   nothing in the project says how to start it
└── AmbiguousEntrypointError                      several things do
"""

from chamber.core.errors import ConfigurationError

__all__ = ["AmbiguousEntrypointError", "EntrypointNotFoundError", "ProjectNotFoundError"]


class ProjectNotFoundError(ConfigurationError, FileNotFoundError):
    """There is no such project directory."""


class EntrypointNotFoundError(ConfigurationError, FileNotFoundError):
    """Nothing in the project says how to start it, or the entrypoint that was named is not there."""


class AmbiguousEntrypointError(ConfigurationError):
    """Several files could start the project; the message names the argument that chooses one."""
