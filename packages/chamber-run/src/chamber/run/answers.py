"""What the plugins answer: typed calls of the hooks of `chamber.run.hooks`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from chamber.core.errors import ChamberError, PluginError
from chamber.core.plugins import manager
from chamber.run.project.profile import Profile
from chamber.run.settings import registries
from chamber.run.settings.configuration import RunSettings
from chamber.run.targets import BaseImage, Registry

__all__ = ["base_image", "change_manifest", "destination", "detect", "known_registry", "registry"]


def detect(directory: Path) -> Profile | None:
    """What a plugin says that the project is."""
    profile: Profile | None = _ask("chamber_run_detect", directory=directory)
    return profile


def registry(address: str | None, api_url: str, organization_id: str | None = None) -> Registry | None:
    """What a plugin knows of the registry, or which one it offers where none is configured."""
    known: Registry | None = _ask(
        "chamber_run_registry", registry=address, api_url=api_url, organization_id=organization_id
    )
    return known


def destination(name: str | None, api_url: str, organization_id: str | None = None) -> Registry | None:
    """The registry that a run with this setting goes to, or that a plugin offers where none is named.

    Raises ConfigurationError: it is neither a configured registry nor an address.
    """
    if name:
        return known_registry(registries.located(name), api_url, organization_id)
    offered = registry(None, api_url, organization_id)
    return registries.configured(offered) if offered else None


def known_registry(address: str, api_url: str, organization_id: str | None = None) -> Registry:
    """What plugins and the configuration know of the registry at this address, or of a repository of it.

    Raises ConfigurationError: the configuration cannot be read.
    """
    return registries.configured(registry(address, api_url, organization_id) or Registry(address))


def base_image(address: str, framework: str, python_version: str | None) -> BaseImage | None:
    """The base image that a plugin asks for."""
    base: BaseImage | None = _ask(
        "chamber_run_base_image", registry=address, framework=framework, python_version=python_version
    )
    return base


def change_manifest(manifest: dict[str, Any], profile: Profile, settings: RunSettings) -> None:
    """Let the plugins change the manifest in place."""
    _ask("chamber_run_manifest", manifest=manifest, profile=profile, settings=settings)


def _ask(hook: str, **facts: object) -> Any:
    try:
        return getattr(manager().hook, hook)(**facts)
    except ChamberError:
        raise
    except Exception as error:
        raise PluginError(f"A plugin failed in {hook}: {type(error).__name__}: {error}") from error
