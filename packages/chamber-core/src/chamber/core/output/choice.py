"""Who has the output of a workload."""

from __future__ import annotations

from chamber.core.contributions import log_source
from chamber.core.errors import NotFoundError
from chamber.core.models import Workload
from chamber.core.output import api
from chamber.core.output.guarded import Guarded
from chamber.core.output.sources import LogSource
from chamber.core.transport import Transport

__all__ = ["chosen"]


async def chosen(transport: Transport, workload: Workload) -> LogSource:
    """The first source that has it: a plugin's, the API's own, the Kubernetes cluster that the workload names.

    Raises NotFoundError: none has. Raises what `chamber.core.output.clusters.access` does.
    """
    if (own := log_source(workload, transport.settings.api_url)) is not None:
        return Guarded(own)
    if (offered := await api.offered(transport, workload.id)) is not None:
        return offered
    if workload.cluster_id or workload.namespace:
        from chamber.core.output.kubernetes import KubernetesOutput

        return await KubernetesOutput.of(transport, workload)
    raise NotFoundError(
        f"The output of workload {workload.id} is nowhere to be read: the API has no endpoint for it and names no "
        "cluster, and no plugin knows another place (hook chamber_log_source)"
    )
