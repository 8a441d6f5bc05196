"""`run()` and what goes with it. All but the two dataclasses needs the extra: ``chamber-compat[run]``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chamber.core.errors import DockerError
from chamber_sdk.run.detect import ProjectProfile, detect_project
from chamber_sdk.run.docker import (
    build_and_push_image,
    compute_context_size,
    create_image_tag,
    ensure_ecr_auth,
    ensure_ecr_repository,
    ensure_gar_auth,
    ensure_gar_repository,
    is_ecr_registry,
    is_gar_registry,
    latest_tag,
    pull_image_for_cache,
)
from chamber_sdk.run.pipeline import DryRunResult, get_configured_registries, get_default_registry_name, run

if TYPE_CHECKING:
    from chamber.run.errors import RegistryAuthError

__all__ = [
    "DockerError",
    "DryRunResult",
    "ProjectProfile",
    "RegistryAuthError",
    "build_and_push_image",
    "compute_context_size",
    "create_image_tag",
    "detect_project",
    "ensure_ecr_auth",
    "ensure_ecr_repository",
    "ensure_gar_auth",
    "ensure_gar_repository",
    "get_configured_registries",
    "get_default_registry_name",
    "is_ecr_registry",
    "is_gar_registry",
    "latest_tag",
    "pull_image_for_cache",
    "run",
]


def __getattr__(name: str) -> Any:
    """`RegistryAuthError`, which comes with the extra."""
    if name != "RegistryAuthError":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from chamber_sdk.run.docker import RegistryAuthError

    return RegistryAuthError
