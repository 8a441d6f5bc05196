"""Google's registries: Artifact Registry (``*-docker.pkg.dev``) and what became of gcr.io.

https://cloud.google.com/artifact-registry/docs/docker/authentication#token
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from chamber.core.hooks import hookimpl

if TYPE_CHECKING:
    from chamber.run.targets import Registry

__all__ = ["Place", "chamber_run_registry", "place_of"]

_SUFFIX = "-docker.pkg.dev"
#: Where the repositories of these hosts are kept, each named as its host.
#: https://cloud.google.com/artifact-registry/docs/transition/setup-gcr-repo
_GCR = {"gcr.io": "us", "us.gcr.io": "us", "eu.gcr.io": "europe", "asia.gcr.io": "asia"}


class Place(NamedTuple):
    """One host of Artifact Registry."""

    location: str
    #: The one repository that is behind the host, whatever the project; None: the path names it.
    repository: str | None = None


@hookimpl(optionalhook=True, trylast=True)
def chamber_run_registry(registry: str | None) -> Registry | None:
    """A registry of Google's, with an access token of gcloud or of the application default credentials."""
    place = place_of(registry.partition("/")[0]) if registry else None
    if registry is None or place is None:
        return None
    from chamber.run.clouds import artifact_registry
    from chamber.run.targets import Registry

    create = partial(artifact_registry.create, place)
    return Registry(registry, login=artifact_registry.login, create_repository=create)


def place_of(host: str) -> Place | None:
    """Where the registry at `host` is; None: not at Google."""
    host = host.lower()
    if host in _GCR:
        return Place(_GCR[host], host)
    location = host.removesuffix(_SUFFIX)
    is_name = location.replace("-", "").isalnum() and location.isascii() and not location.startswith("-")
    return Place(location) if location != host and is_name else None
