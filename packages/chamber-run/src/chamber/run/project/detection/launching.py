"""What a project is launched with, by what it requires, what it imports and its configuration files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from chamber.core.errors import ConfigurationError
from chamber.run.project.detection.formats import from_json, from_yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from chamber.run.project.detection.folder import Folder

__all__ = ["Sign", "Tool", "signs"]

Tool = Literal["ray", "deepspeed", "accelerate", "horovod"]

#: Libraries that need accelerate for themselves: where it stands beside one, listing it says little.
_NEED_ACCELERATE = {"axolotl", "diffusers", "peft", "sentence-transformers", "transformers", "trl", "unsloth"}
_LARGEST = 256 << 10
_MOST_FILES = 50


class Sign(Struct, frozen=True):
    """Whether a tool is used, and what says so."""

    tool: Tool
    used: bool
    why: str
    #: What speaks for it although it is not counted as used.
    warning: str | None = None


def signs(folder: Folder, required: Mapping[str, str], imported: Mapping[str, str]) -> tuple[Sign, ...]:
    """Which launch tools a project uses.

    `required` and `imported`: distributions by canonical name, each with the place that says so. What is only
    imported counts, because it is needed all the same.
    """
    return (
        _listed("ray", required, imported),
        _deepspeed(folder, required, imported),
        _accelerate(folder, required, imported),
        _listed("horovod", required, imported),
    )


def _listed(tool: Tool, required: Mapping[str, str], imported: Mapping[str, str]) -> Sign:
    if tool in required:
        return Sign(tool, True, f"{required[tool]} requires it")
    if tool in imported:
        return Sign(tool, True, f"{imported[tool]} imports it")
    return Sign(tool, False, "nothing requires or imports it")


def _deepspeed(folder: Folder, required: Mapping[str, str], imported: Mapping[str, str]) -> Sign:
    sign = _listed("deepspeed", required, imported)
    config = next(_configs(folder, (".json",), ("ds_", "deepspeed"), _is_of_deepspeed), None)
    if sign.used:
        return Sign("deepspeed", True, f"{sign.why}, {config} configures it" if config else sign.why)
    warning = f"{config} configures deepspeed, which no file requires: add it, or launcher= says what starts the job"
    return Sign("deepspeed", False, sign.why, warning if config else None)


def _accelerate(folder: Folder, required: Mapping[str, str], imported: Mapping[str, str]) -> Sign:
    config = next(_configs(folder, (".yaml", ".yml"), ("accelerate", "default_config"), _is_of_accelerate), None)
    if config is not None and ("accelerate" in required or "accelerate" in imported):
        return Sign("accelerate", True, f"{config} configures it")
    if "accelerate" in imported:
        return Sign("accelerate", True, f"{imported['accelerate']} imports it")
    users = sorted(_NEED_ACCELERATE & required.keys())
    if "accelerate" in required and users:
        return Sign(
            "accelerate", False, f"{required['accelerate']} requires it, as {users[0]} does; nothing imports it"
        )
    return _listed("accelerate", required, imported)


def _configs(
    folder: Folder, endings: tuple[str, ...], names: tuple[str, ...], is_one: Callable[[str, str], bool]
) -> Iterator[str]:
    """The small files with one of these endings, and one of these names in their path, that are what they seem."""
    named = (path for path in sorted(folder.paths) if any(name in path.lower() for name in names))
    for path in [path for path in named if path.endswith(endings)][:_MOST_FILES]:
        try:
            if is_one(folder.text(path, _LARGEST), path):
                yield path
        except ConfigurationError:
            continue


def _is_of_deepspeed(text: str, path: str) -> bool:
    keys = from_json(text, path, dict[str, Any]).keys()
    return bool(keys & {"train_batch_size", "train_micro_batch_size_per_gpu", "zero_optimization"})


def _is_of_accelerate(text: str, path: str) -> bool:
    return from_yaml(text, path, dict[str, Any]).keys() >= {"compute_environment", "distributed_type"}
