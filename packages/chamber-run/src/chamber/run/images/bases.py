"""Which image a project is put on: policy over the table of `chamber.run.images.catalogue`.

NVIDIA builds its frameworks from commits before a release: ``2.6.0a0+ecf3bae40a.nv25.1``. Whether such a build is
what a project asks for is decided as pip decides it for what is installed: by PEP 440, pre-releases admitted. So
``torch>=2.5`` accepts it, and neither ``torch>=2.6`` nor ``torch==2.6.0`` does: it may lack what 2.6.0 has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from chamber.core.errors import ConfigurationError
from chamber.run.images.catalogue import FRAMEWORKS, PACKAGE, PYTHONS, SLIM, Row, capability_of, is_slim, row_of
from chamber.run.project.detection.python import DEFAULT_PYTHON
from chamber.run.reference import Reference
from chamber.run.targets import BaseImage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chamber.run.project.profile import Framework

__all__ = ["Choice", "check", "choose", "warnings_about"]

_MOVING_TAGS = {"dev", "devel", "edge", "latest", "main", "master", "nightly", "stable"}
#: Frameworks whose wheels on PyPI leave out CUDA, and how it is asked for.
_WITH_CUDA = {"tensorflow": "tensorflow[and-cuda]", "jax": "jax[cuda12]"}


class Choice(Struct, frozen=True):
    """A base image, and why it is this one."""

    base: BaseImage
    why: str
    warnings: tuple[str, ...] = ()


def choose(
    framework: Framework, python_version: str | None, versions: Mapping[str, str], gpu_type: str, platform: str
) -> Choice:
    """The newest image of the table that has what the project asks for.

    `versions`: what it asks for, as specifiers by canonical name; `python_version`: ``major.minor``.
    """
    rejected: list[tuple[Row, str]] = []
    for row in FRAMEWORKS[framework]:
        misfit = next(_misfits(row, python_version, versions, gpu_type, platform), None)
        if misfit is None:
            return Choice(BaseImage(row.reference), _why(framework, row, rejected))
        rejected.append((row, misfit))
    return _slim(framework, python_version, versions, rejected)


def check(base: BaseImage, versions: Mapping[str, str]) -> None:
    """Hold what the project asks for against what an image ships; one that is not in the table is not looked at.

    Raises ConfigurationError: the project asks for another version of something that the image is built around.
    """
    row = row_of(base.reference)
    conflicts = list(_conflicts(row, versions)) if row else []
    if conflicts:
        raise ConfigurationError(
            f"{base.reference} ships {'; '.join(conflicts)}. Loosen what the project asks for, name another "
            "base_image, or leave base_image out: one that fits is chosen"
        )


def warnings_about(base: BaseImage, python_version: str | None) -> Iterator[str]:
    """What a reader of the plan should know of a base image."""
    reference = Reference.parse(base.reference)
    if not reference.digest and (reference.tag or "latest") in _MOVING_TAGS and not base.recipe:
        yield (
            f"{base.reference} is a moving tag: an environment built on it is used again although the tag has moved "
            "on. Name a version or a digest; no_cache=True builds anew"
        )
    row = row_of(base.reference)
    if row and python_version and python_version != row.python:
        yield f"The project wants Python {python_version}, and {base.reference} has {row.python}"


def _misfits(
    row: Row, python_version: str | None, versions: Mapping[str, str], gpu_type: str, platform: str
) -> Iterator[str]:
    capability, (lowest, highest) = capability_of(gpu_type), row.capabilities
    if platform not in row.platforms:
        yield f"it is not there for {platform}"
    if python_version not in (None, row.python):
        yield f"it has Python {row.python}, and the project wants {python_version}"
    if capability is not None and not lowest <= capability <= highest:
        yield f"CUDA {'.'.join(map(str, row.cuda))} as it is built there does not support {gpu_type}"
    yield from (f"it ships {conflict}" for conflict in _conflicts(row, versions))


def _conflicts(row: Row, versions: Mapping[str, str]) -> Iterator[str]:
    for name, specifier in sorted(versions.items()):
        shipped = row.ships.get(name)
        if shipped and not _accepts(specifier, shipped):
            yield f"{name} {shipped}, and the project asks for {name}{specifier}"


def _accepts(specifier: str, version: str) -> bool:
    try:
        return SpecifierSet(specifier).contains(version, prereleases=True)
    except InvalidSpecifier:
        return True


def _why(framework: Framework, row: Row, rejected: list[tuple[Row, str]]) -> str:
    package = PACKAGE[framework]
    has = f"NVIDIA's build of {package} {row.ships[package]}, Python {row.python}, CUDA {'.'.join(map(str, row.cuda))}"
    if not rejected:
        return f"{has}: the newest known here"
    newest, misfit = rejected[0]
    return f"{has}; {newest.reference} is newer, but {misfit}"


def _slim(
    framework: Framework, python_version: str | None, versions: Mapping[str, str], rejected: list[tuple[Row, str]]
) -> Choice:
    python = python_version or DEFAULT_PYTHON
    base = BaseImage(SLIM.format(python=python))
    assert python not in PYTHONS or is_slim(base.reference)
    warnings = [*_of_python(python), *(_of_package(framework, versions) if rejected else ())]
    if not rejected:
        return Choice(base, f"Python {python}, and no framework to look for", tuple(warnings))
    newest, misfit = rejected[0]
    package = PACKAGE[framework]
    why = f"{package} comes from the package index: no image of the table fits ({newest.reference}: {misfit})"
    return Choice(base, why, tuple(warnings))


def _of_python(python: str) -> Iterator[str]:
    if python not in PYTHONS:
        yield f"docker.io/library/python is known to come with {', '.join(PYTHONS)}, not with {python}"


def _of_package(framework: Framework, versions: Mapping[str, str]) -> Iterator[str]:
    package = PACKAGE[framework]
    if package not in versions:
        yield f"The project does not list {package} itself, and its base image lacks it: extra_pip_packages adds it"
    elif framework in _WITH_CUDA:
        yield f"{package} from PyPI leaves out what GPUs need unless it is asked for as {_WITH_CUDA[framework]}"
