"""Who has the output of a workload."""

from __future__ import annotations

from chamber.core.contributions import log_source
from chamber.core.errors import NotFoundError
from chamber.core.models import Workload
from chamber.core.output import api
from chamber.core.output.sources import LogSource
from chamber.core.transport import Transport

__all__ = ["chosen"]


async def chosen(transport: Transport, workload: Workload) -> LogSource:
    """The first source that has it: a plugin's, then the API's own.

    Raises NotFoundError: none has.
    """
    if (own := log_source(workload, transport.settings.api_url)) is not None:
        return own
    if (offered := await api.offered(transport, workload.id)) is not None:
        return offered
    raise NotFoundError(
        f"The output of workload {workload.id} is nowhere to be read: the API has no endpoint for it, and no plugin "
        "knows another place. Install one that does (hook chamber_log_source), or ask the cluster itself"
    )
