"""Which framework a project is built on, by the names of what it requires."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Set

    from chamber.run.project.profile import Framework

__all__ = ["framework_of"]

#: In the order of preference: a project with several is one of the first.
_FRAMEWORKS: dict[Framework, frozenset[str]] = {
    "pytorch": frozenset(
        {
            "accelerate",
            "deepspeed",
            "diffusers",
            "lightning",
            "peft",
            "pytorch-lightning",
            "torch",
            "torchaudio",
            "torchvision",
            "trl",
        }
    ),
    "tensorflow": frozenset({"tensorflow", "tensorflow-cpu", "tensorflow-gpu", "tf-keras"}),
    "jax": frozenset({"equinox", "flax", "jax", "jaxlib", "optax"}),
}

#: Libraries that run on any framework, and what they run on where the project names none.
_DEFAULTS: dict[str, Framework] = {"transformers": "pytorch", "keras": "tensorflow"}


def framework_of(requirements: Set[str]) -> Framework:
    """The framework of a project that requires distributions of these canonical names."""
    for framework, names in _FRAMEWORKS.items():
        if names & requirements:
            return framework
    for name, framework in _DEFAULTS.items():
        if name in requirements:
            return framework
    return "generic"
