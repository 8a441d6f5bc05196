"""GitLab's registry inside GitLab CI: the login of the job.

https://docs.gitlab.com/user/packages/container_registry/authenticate_with_container_registry/
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from chamber.core.hooks import hookimpl

if TYPE_CHECKING:
    from chamber.run.targets import Registry

__all__ = ["chamber_run_registry"]

#: The user whom a job token belongs to.
_JOB_USER = "gitlab-ci-token"


@hookimpl(optionalhook=True, trylast=True)
def chamber_run_registry(registry: str | None) -> Registry | None:
    """The registry of the GitLab that runs this job; its tokens are given out by CI_SERVER_URL."""
    host = os.environ.get("CI_REGISTRY", "").lower()
    if not host or registry is None or registry.partition("/")[0].lower() != host:
        return None
    from chamber.run.targets import Registry

    server = os.environ.get("CI_SERVER_URL", "")
    return Registry(registry, auth_realm=server if server.startswith("https://") else None, login=_login)


def _login() -> tuple[str, str] | None:
    from chamber.run.clouds.variables import pair

    token = os.environ.get("CI_JOB_TOKEN")
    return pair("CI_REGISTRY_USER", "CI_REGISTRY_PASSWORD") or ((_JOB_USER, token) if token else None)
