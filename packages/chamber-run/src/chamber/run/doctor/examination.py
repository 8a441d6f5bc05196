"""All checks of one machine and one client."""

from __future__ import annotations

import asyncio

from chamber.core.transport import Transport
from chamber.run import answers
from chamber.run.doctor import checks
from chamber.run.doctor.diagnosis import Diagnosis
from chamber.run.settings import registries

__all__ = ["examine"]


async def examine(transport: Transport, registry: str | None) -> Diagnosis:
    """What is found, in the order in which a run needs it. `registry`: a name or an address; None: the default."""
    target = transport.settings
    (api, clock), login, engine, disk = await asyncio.gather(
        checks.api(transport),
        checks.registry(
            transport,
            lambda: answers.destination(registry or registries.default_name(), target.api_url, target.organization_id),
        ),
        checks.engine(),
        asyncio.to_thread(checks.disk),
    )
    return Diagnosis((api, clock, login, engine, disk))
