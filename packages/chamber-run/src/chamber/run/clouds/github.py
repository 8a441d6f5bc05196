"""GitHub's registry, ghcr.io: the token in GH_TOKEN or GITHUB_TOKEN, or that of the ``gh`` command.

https://docs.github.com/en/packages/working-with-a-github-packages-registry/working-with-the-container-registry;
the order of the variables is that of https://cli.github.com/manual/gh_help_environment.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from chamber.core.hooks import hookimpl

if TYPE_CHECKING:
    from chamber.run.targets import Registry

__all__ = ["chamber_run_registry"]

#: The registry looks at the token alone; some user has to be named.
_ANY_USER = "x-access-token"
#: What `gh` needs of the environment to find its own configuration.
_OF_GH = ("GH_CONFIG_DIR",)


@hookimpl(optionalhook=True, trylast=True)
def chamber_run_registry(registry: str | None) -> Registry | None:
    """ghcr.io, with a token of GitHub's."""
    if registry is None or registry.partition("/")[0].lower() != "ghcr.io":
        return None
    from chamber.run.targets import Registry

    return Registry(registry, login=_login)


def _login() -> tuple[str, str] | None:
    token = os.environ.get("GH_TOKEN") or os.environ.get("GITHUB_TOKEN") or _token_of_gh()
    return (os.environ.get("GITHUB_ACTOR") or _ANY_USER, token) if token else None


def _token_of_gh() -> str:
    import asyncio

    from chamber.run.registry import programs

    added = {name: os.environ[name] for name in _OF_GH if name in os.environ}
    command = ["gh", "auth", "token", "--hostname", "github.com"]
    code, output, _ = asyncio.run(programs.ask(command, added=added))
    return "" if code else programs.token_in(output)
