"""The Dockerfile and the ignore rules of a project, as a run would have them."""

from __future__ import annotations

from collections.abc import Sequence

from chamber_sdk.run.detect import ProjectProfile
from chamber_sdk.run.planning import plan_of

__all__ = ["generate_dockerfile", "generate_dockerignore"]


def generate_dockerfile(
    profile: ProjectProfile,
    base_image: str | None = None,
    entrypoint_args: str | None = None,
    num_gpus: int = 1,
    extra_pip_packages: Sequence[str] | None = None,
    extra_apt_packages: Sequence[str] | None = None,
    pre_build_commands: Sequence[str] | None = None,
    post_build_commands: Sequence[str] | None = None,
) -> str:
    """A complete Dockerfile of the project that was detected; its own one, where it has one."""
    return plan_of(
        profile,
        base_image=base_image,
        entrypoint_args=entrypoint_args,
        gpus=num_gpus,
        extra_pip_packages=extra_pip_packages,
        extra_apt_packages=extra_apt_packages,
        pre_build_commands=pre_build_commands,
        post_build_commands=post_build_commands,
    ).dockerfile


def generate_dockerignore(profile: ProjectProfile, extra_patterns: Sequence[str] | None = None) -> str:
    """What of the project is left out of its image, with patterns of one's own."""
    return plan_of(profile, ignore=extra_patterns).dockerignore
