"""A plan of a project that was detected, made without an API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chamber_sdk.extra import extra

if TYPE_CHECKING:
    from chamber.run import DryRunResult
    from chamber_sdk.run.detect import ProjectProfile

__all__ = ["plan_of"]


def plan_of(profile: ProjectProfile, **settings: Any) -> DryRunResult:
    """The plan of the project in `profile.root_dir` with these settings; what is None is left to the project."""
    with extra():
        import chamber.run.operations  # noqa: F401  without it the client has no plan()
    from chamber.core import ChamberClient

    said = {name: value for name, value in settings.items() if value is not None}
    with ChamberClient("a-plan-is-made-offline") as client:
        return client.plan(profile.root_dir, entrypoint=profile.entrypoint, **said)
