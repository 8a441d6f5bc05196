"""The hook specifications of chamber.run, and nothing else. The first two and the last ask until one answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from chamber.core.hooks import hookspec

if TYPE_CHECKING:
    from chamber.run.project.profile import Profile
    from chamber.run.settings.configuration import RunSettings
    from chamber.run.targets import BaseImage, Registry

__all__ = ["RunHooks"]


class RunHooks:
    """What a plugin can do for `run()` and `plan()`."""

    @hookspec(firstresult=True)
    def chamber_run_detect(self, directory: Path) -> Profile | None:
        """What a project is, where the plugin knows its kind better than our own detection.

        ::

            @hookimpl
            def chamber_run_detect(directory: Path) -> Profile | None:
                if (directory / "acme.toml").exists():
                    return Profile(entrypoint="-m acme_project", framework="pytorch")
                return None
        """
        raise AssertionError("a specification is never called")

    @hookspec(firstresult=True)
    def chamber_run_registry(self, registry: str | None, api_url: str, organization_id: str | None) -> Registry | None:
        """How to log in to a registry, or, when `registry` is None, which one to use by default.

        `organization_id` is the organization that the run is for, where the client names one.

        Plans ask too, and are made offline: what needs the network goes into `login` and `create_repository`.

        ::

            @hookimpl
            def chamber_run_registry(registry: str | None, api_url: str) -> Registry | None:
                if registry and registry.startswith("registry.acme.example/"):
                    return Registry(registry, login=lambda: ("ci", acme_token()))
                return None
        """
        raise AssertionError("a specification is never called")

    @hookspec(firstresult=True)
    def chamber_run_base_image(self, registry: str, framework: str, python_version: str | None) -> BaseImage | None:
        """The image that a project of this framework is put on when it goes to this registry.

        ::

            @hookimpl
            def chamber_run_base_image(registry: str, framework: str, python_version: str | None) -> BaseImage | None:
                if framework == "pytorch":
                    return BaseImage("registry.acme.example/base/pytorch:2.9")
                return None
        """
        raise AssertionError("a specification is never called")

    @hookspec
    def chamber_run_manifest(self, manifest: dict[str, Any], profile: Profile, settings: RunSettings) -> None:
        """Change the manifest of a job in place, before it is written.

        It is a ``batch/v1`` Job or, of a project that Ray starts, a RayJob; not the Service of a job on several nodes.

        ::

            @hookimpl
            def chamber_run_manifest(manifest: dict[str, Any], profile: Profile, settings: RunSettings) -> None:
                manifest["spec"]["template"]["spec"]["priorityClassName"] = "acme-batch"
        """
        raise AssertionError("a specification is never called")
