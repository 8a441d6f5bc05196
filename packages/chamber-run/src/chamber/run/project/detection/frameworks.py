"""Which framework a project is built on, by the names of what it requires."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chamber.run.project.profile import Framework

__all__ = ["Choice", "choose"]

#: How strongly a distribution speaks for a framework: 3, a library to train with on that framework alone; 2, the
#: framework itself; 1, a library that also runs on others. A sum decides, so that a JAX project that loads its data
#: with TensorFlow or PyTorch stays a JAX project. Of equals the first is taken.
_SIGNS: dict[Framework, dict[int, tuple[str, ...]]] = {
    "pytorch": {
        3: (
            "accelerate",
            "axolotl",
            "deepspeed",
            "detectron2",
            "diffusers",
            "fairseq",
            "fastai",
            "lightning",
            "lightning-fabric",
            "mmcv",
            "mmdet",
            "mmengine",
            "monai",
            "mosaicml",
            "open-clip-torch",
            "peft",
            "pytorch-ignite",
            "pytorch-lightning",
            "timm",
            "torch-geometric",
            "torchtune",
            "trl",
            "ultralytics",
            "unsloth",
            "vllm",
            "xformers",
        ),
        2: ("torch",),
        1: (
            "bitsandbytes",
            "sentence-transformers",
            "torchaudio",
            "torchdata",
            "torchmetrics",
            "torchvision",
            "transformers",
        ),
    },
    "tensorflow": {
        3: ("keras-cv", "keras-nlp", "tensorflow-addons", "tensorflow-probability", "tf-keras", "tf-models-official"),
        2: ("tensorflow", "tensorflow-cpu", "tensorflow-gpu", "tensorflow-intel"),
        1: ("keras", "keras-hub", "tensorflow-hub", "tensorflow-text"),
    },
    "jax": {
        3: ("brax", "dm-haiku", "equinox", "flax", "maxtext", "optax", "penzai"),
        2: ("jax",),
        1: ("chex", "clu", "jaxlib", "jaxtyping", "numpyro", "orbax-checkpoint"),
    },
}
_ORDER: tuple[Framework, ...] = ("pytorch", "tensorflow", "jax")
_WEIGHTS: dict[str, tuple[Framework, int]] = {
    name: (framework, weight)
    for framework, by_weight in _SIGNS.items()
    for weight, names in by_weight.items()
    for name in names
}


class Choice(Struct, frozen=True):
    """A framework, and what speaks for it."""

    framework: Framework
    why: str
    #: Whether another one is as likely.
    is_doubtful: bool = False


def choose(required: Mapping[str, str]) -> Choice:
    """The framework of a project that requires these distributions.

    They are named by their canonical names, each with the place that says so.
    """
    sums: dict[Framework, int] = {}
    for name in required:
        framework, weight = _WEIGHTS.get(name, ("generic", 0))
        sums[framework] = sums.get(framework, 0) + weight
    sums.pop("generic", None)
    if not sums:
        return Choice("generic", "nothing that is required is of a framework")
    best = max(sums.values())
    leaders: list[Framework] = [framework for framework in _ORDER if sums.get(framework) == best]
    others: list[Framework] = [framework for framework in _ORDER if framework in sums and framework != leaders[0]]
    told = f"; there are also signs of {', '.join(others)}" if others else ""
    return Choice(leaders[0], f"{_signs(leaders[0], required)}{told}", len(leaders) > 1)


def _signs(framework: Framework, required: Mapping[str, str]) -> str:
    signs = [name for name in required if name in _WEIGHTS and _WEIGHTS[name][0] == framework]
    strongest = sorted(signs, key=lambda name: (-_WEIGHTS[name][1], name))[:3]
    return ", ".join(f"{name} ({required[name]})" for name in strongest)
