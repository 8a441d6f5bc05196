"""What chamber-local does for `run()`: its registries are known, and their base is the marker base."""

from typing import TYPE_CHECKING

from chamber.core.hooks import hookimpl

if TYPE_CHECKING:
    from chamber.run.targets import BaseImage, Registry

__all__ = ["chamber_run_base_image", "chamber_run_registry"]


@hookimpl(optionalhook=True)
def chamber_run_registry(registry: str | None, api_url: str, organization_id: str | None = None) -> "Registry | None":
    """The login of a Chamber that runs on this machine; its registry is the default for runs through its API.

    It is a login of the organization that the run is for, whose jobs alone can pull what is pushed.
    """
    from chamber.local import records
    from chamber.run.targets import Registry

    record = records.find(registry, api_url)
    if record is None:
        return None
    name, token = record.login(organization_id)
    return Registry(prefix=registry or record.registry, username=name, password=token, insecure=True)


@hookimpl(optionalhook=True)
def chamber_run_base_image(registry: str) -> "BaseImage | None":
    """The marker base, for what is pushed to a Chamber on this machine whose jobs are not containers."""
    from chamber.local import records
    from chamber.local.registry.marker import MARKER, TAG
    from chamber.run.targets import BaseImage

    record = records.find(registry)
    if record is None or record.executor == "container":
        return None
    base = f"{MARKER}:{TAG}"
    return BaseImage(reference=base, location=f"{record.registry}/{base}", recipe=True)
