"""Which Python a project wants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from chamber.core.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["DEFAULT_PYTHON", "of_version_file", "satisfying"]

DEFAULT_PYTHON = "3.12"
#: Newest first; what is offered by the base images of `chamber.run.images.bases`.
_KNOWN = ("3.14", "3.13", "3.12", "3.11", "3.10", "3.9")


def of_version_file(file: Path) -> str | None:
    """``major.minor`` of a ``.python-version`` file; None when it names no plain version."""
    try:
        release = Version(file.read_text("utf-8", errors="replace").strip()).release
    except (OSError, InvalidVersion):
        return None
    return ".".join(map(str, release[:2])) if len(release) > 1 else None


def satisfying(specifier: str, where: str) -> str | None:
    """``major.minor`` that a ``requires-python`` accepts: the default if it does, else the newest known.

    Raises ConfigurationError: it is no PEP 440 specifier.
    """
    try:
        accepted = SpecifierSet(specifier)
    except InvalidSpecifier:
        raise ConfigurationError(f"{where}: {specifier!r} is not a version specifier (PEP 440)") from None
    return next((version for version in (DEFAULT_PYTHON, *_KNOWN) if _accepts(accepted, version)), None)


def _accepts(specifier: SpecifierSet, version: str) -> bool:
    return specifier.contains(version) or specifier.contains(f"{version}.99")
