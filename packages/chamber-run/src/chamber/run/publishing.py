"""Puts a planned image into its registry."""

from __future__ import annotations

from chamber.core.transport import Transport
from chamber.run.plan import DryRunResult
from chamber.run.planning import Prepared
from chamber.run.progress import Reporter

__all__ = ["publish"]


async def publish(transport: Transport, prepared: Prepared, no_cache: bool, report: Reporter) -> DryRunResult:
    """The plan with the image at its digest, once the registry has it."""
    await report("docker", f"image on {prepared.plan.base_image.reference}")
    raise NotImplementedError(transport, no_cache)
