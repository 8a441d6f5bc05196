"""client.run(): a folder becomes an image, a manifest and a running GPU workload.

The methods of the clients are in `chamber.run.operations`; what plugins can do, in `chamber.run.hooks`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chamber.core.lazy import lazily

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from chamber.core.errors import DockerError
    from chamber.run.doctor.diagnosis import Check, Diagnosis
    from chamber.run.errors import (
        AmbiguousEntrypointError,
        EntrypointNotFoundError,
        ProjectNotFoundError,
        RegistryAuthError,
    )
    from chamber.run.operations import RunOperations
    from chamber.run.planning.plan import DryRunResult
    from chamber.run.project.profile import Profile
    from chamber.run.targets import BaseImage, Registry

__all__ = [
    "AmbiguousEntrypointError",
    "BaseImage",
    "Check",
    "Diagnosis",
    "DockerError",
    "DryRunResult",
    "EntrypointNotFoundError",
    "Profile",
    "ProjectNotFoundError",
    "Registry",
    "RegistryAuthError",
    "RunOperations",
]

_HOMES = {
    "AmbiguousEntrypointError": "chamber.run.errors",
    "BaseImage": "chamber.run.targets",
    "Check": "chamber.run.doctor.diagnosis",
    "Diagnosis": "chamber.run.doctor.diagnosis",
    "DockerError": "chamber.core.errors",
    "DryRunResult": "chamber.run.planning.plan",
    "EntrypointNotFoundError": "chamber.run.errors",
    "Profile": "chamber.run.project.profile",
    "ProjectNotFoundError": "chamber.run.errors",
    "Registry": "chamber.run.targets",
    "RegistryAuthError": "chamber.run.errors",
    "RunOperations": "chamber.run.operations",
}

__getattr__: Callable[[str], Any]
__dir__: Callable[[], list[str]]
__getattr__, __dir__ = lazily(__name__, _HOMES)
