"""Defaults that can be told from the same values given by the caller."""

from __future__ import annotations

from typing import Any

__all__ = ["GPUS", "GPU_TYPE", "JOB_CLASS", "DefaultNumber", "DefaultText", "given"]


class DefaultText(str):
    """A text that nobody gave."""

    __slots__ = ()


class DefaultNumber(int):
    """A number that nobody gave."""


#: Those of `run()`.
GPUS, GPU_TYPE, JOB_CLASS = DefaultNumber(1), DefaultText("H100"), DefaultText("ELASTIC")


def given(**arguments: Any) -> dict[str, Any]:
    """The arguments that a caller gave."""
    return {name: value for name, value in arguments.items() if not isinstance(value, DefaultText | DefaultNumber)}
