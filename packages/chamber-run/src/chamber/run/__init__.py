"""client.run(): a folder becomes an image, a manifest and a running GPU workload.

The methods of the clients are in `chamber.run.operations`; what plugins can do, in `chamber.run.hooks`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
