"""Which image of an index runs where it is to run.

OCI image specification 1.1, "Image Index", property ``platform``; the other names of one architecture are those
that container engines write, such as aarch64 for arm64.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from chamber.core.errors import DockerError
from chamber.run.registry.manifests import Descriptor, Platform

__all__ = ["check_platform", "choose_platform"]

_ARCHITECTURES = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "armhf": "arm", "i386": "386"}
#: The variant that is meant where none is written.
_VARIANTS = {"arm64": "v8", "arm": "v7", "amd64": "v1"}


def choose_platform(index: Sequence[Descriptor], platform: str, name: str) -> Descriptor:
    """The image of an index for ``os/architecture[/variant]``; of several that would run, the one closest to it.

    Raises DockerError: there is none.
    """
    wanted = _parsed(platform)
    fitting = [entry for entry in index if entry.platform and _runs(_normal(entry.platform), wanted)]
    if fitting:
        return max(fitting, key=lambda entry: _level(_normal(entry.platform or Platform())))
    there = sorted({_written(entry.platform) for entry in index if entry.platform} - {"unknown/unknown"})
    raise DockerError(f"{name} is not there for {platform}, only for {', '.join(there) or 'no platform at all'}")


def check_platform(config: Mapping[str, Any], platform: str, name: str) -> None:
    """Raises DockerError: the config of an image says that it does not run on `platform`."""
    system, architecture = str(config.get("os") or ""), str(config.get("architecture") or "")
    there = Platform(system, architecture, str(config.get("variant") or ""))
    if system and architecture and not _runs(_normal(there), _parsed(platform)):
        raise DockerError(f"{name} is for {_written(there)}, not for {platform}: use an image for that platform")


def _runs(there: Platform, wanted: Platform) -> bool:
    """Whether the one runs where the other is asked for: variants go upwards, arm/v6 runs on arm/v7."""
    same = (there.os, there.architecture) == (wanted.os, wanted.architecture)
    return same and (there.variant == wanted.variant or -1 < _level(there) <= _level(wanted))


def _parsed(platform: str) -> Platform:
    system, _, rest = platform.partition("/")
    architecture, _, variant = rest.partition("/")
    return _normal(Platform(system, architecture, variant))


def _normal(platform: Platform) -> Platform:
    architecture = platform.architecture.lower()
    architecture = _ARCHITECTURES.get(architecture, architecture)
    return Platform(platform.os.lower(), architecture, platform.variant or _VARIANTS.get(architecture, ""))


def _level(platform: Platform) -> int:
    """The number of a variant such as v7; -1 where it has none."""
    digits = platform.variant.removeprefix("v")
    return int(digits) if digits.isdecimal() else -1


def _written(platform: Platform) -> str:
    return "/".join(part for part in (platform.os, platform.architecture, platform.variant) if part)
