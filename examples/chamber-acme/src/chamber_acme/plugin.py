"""The plugin: what chamber.core loads. Light, because it is loaded whenever the client lacks a name."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from chamber.core.hooks import hookimpl
from chamber.core.operations import Operations

if TYPE_CHECKING:
    from collections.abc import Sequence

    import click

    from chamber.run.targets import Registry

__all__ = ["chamber_commands", "chamber_operations", "chamber_request", "chamber_run_registry", "chamber_token"]


@hookimpl
def chamber_operations() -> type[Operations]:
    """Costs, on both clients."""
    from chamber_acme.operations import CostOperations

    return CostOperations


@hookimpl(optionalhook=True)
def chamber_commands() -> Sequence[click.Command]:
    """``chamber cost``. Optional, because not everyone has chamber-command."""
    from chamber_acme.commands import cost

    return [cost]


@hookimpl
def chamber_token(api_url: str) -> str | None:
    """The token that Acme's login keeps for this API in the file that ACME_TOKENS names."""
    file = os.environ.get("ACME_TOKENS")
    tokens: dict[str, str] = json.loads(Path(file).read_text("utf-8")) if file else {}
    return tokens.get(api_url)


@hookimpl
def chamber_request(method: str, url: str, headers: dict[str, str]) -> None:
    """Every request says which cost centre pays."""
    headers["X-Acme-Cost-Centre"] = os.environ.get("ACME_COST_CENTRE", "unknown")


@hookimpl(optionalhook=True)
def chamber_run_registry(registry: str | None) -> Registry | None:
    """Acme's own registry, the one in ACME_REGISTRY. Optional, because not everyone has chamber-run."""
    host = os.environ.get("ACME_REGISTRY")
    if not host or registry is None or registry.partition("/")[0] != host:
        return None
    from chamber.run.targets import Registry

    return Registry(registry, login=_login, create_repository=_announce)


def _login() -> tuple[str, str] | None:
    """Called when the registry asks, and not before: it may take its time."""
    file = os.environ.get("ACME_ROBOT")
    if not file:
        return None
    robot: dict[str, str] = json.loads(Path(file).read_text("utf-8"))
    return robot["name"], robot["secret"]


def _announce(path: str) -> None:
    """Acme's repositories belong to somebody before they hold anything."""
    with Path(os.environ["ACME_OWNERS"]).open("a", encoding="utf-8") as owners:
        owners.write(f"{path} ml-platform\n")
