"""What a project's own Dockerfile says (docs.docker.com/reference/dockerfile)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["starts_itself"]


def starts_itself(dockerfile: str, *, has_arguments: bool = False) -> bool:
    """Whether the last stage says what a container runs.

    `has_arguments`: whether the container is given some. They take the place of CMD, so then it is ENTRYPOINT that has
    to say it (kubernetes.io: "Define a Command and Arguments for a Container").
    """
    stage: set[str] = set()
    for instruction in _instructions(dockerfile):
        stage = {instruction} if instruction == "FROM" else stage | {instruction}
    return "ENTRYPOINT" in stage or ("CMD" in stage and not has_arguments)


def _instructions(dockerfile: str) -> Iterator[str]:
    """The first word of each instruction; one may go on over several lines, between which comments may be."""
    goes_on = False
    for line in dockerfile.splitlines():
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if not goes_on:
            yield text.split()[0].upper()
        goes_on = text.endswith("\\")
