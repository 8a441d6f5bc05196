"""GET /health."""

from importlib.metadata import version

from chamber.local.api.services import Services
from chamber.local.api.views import Health

__all__ = ["health"]


async def health(parts: Services) -> Health:
    """Answers while the server lives."""
    return Health(version("chamber-local"), parts.ledger.clock())
