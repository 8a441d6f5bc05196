"""The plugin: what chamber.core loads. Light, because it is loaded whenever the client lacks a name."""

import json
import os
from pathlib import Path

from chamber.core.hooks import hookimpl
from chamber.core.operations import Operations

__all__ = ["chamber_operations", "chamber_request", "chamber_token"]


@hookimpl
def chamber_operations() -> type[Operations]:
    """Costs, on both clients."""
    from chamber_acme.operations import CostOperations

    return CostOperations


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
