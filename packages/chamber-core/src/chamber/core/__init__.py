"""The Chamber client: submit, watch and list GPU workloads.

::

    from chamber.core import ChamberClient

    with ChamberClient() as client:
        for job in client.iter_workloads(status="RUNNING"):
            print(job.name, job.requested_gpus)

`ChamberClient` blocks, `AsyncChamberClient` awaits; both have the same methods. Importing them loads nothing
heavy: everything else comes with the first call that needs it.
"""

from chamber.core.client import AsyncChamberClient as AsyncChamberClient
from chamber.core.client import ChamberClient as ChamberClient

TYPE_CHECKING = False
if TYPE_CHECKING:
    from chamber.core.enums import AllocationStatus as AllocationStatus
    from chamber.core.enums import JobClass as JobClass
    from chamber.core.enums import JobStatus as JobStatus
    from chamber.core.enums import Reason as Reason
    from chamber.core.enums import ScalingMode as ScalingMode
    from chamber.core.errors import AuthenticationError as AuthenticationError
    from chamber.core.errors import AuthorizationError as AuthorizationError
    from chamber.core.errors import BudgetExceededError as BudgetExceededError
    from chamber.core.errors import ChamberError as ChamberError
    from chamber.core.errors import ClientClosedError as ClientClosedError
    from chamber.core.errors import ConfigurationError as ConfigurationError
    from chamber.core.errors import ConflictError as ConflictError
    from chamber.core.errors import DeadlineExceeded as DeadlineExceeded
    from chamber.core.errors import DockerError as DockerError
    from chamber.core.errors import IdempotencyConflict as IdempotencyConflict
    from chamber.core.errors import MissingExtraError as MissingExtraError
    from chamber.core.errors import NotFoundError as NotFoundError
    from chamber.core.errors import PluginError as PluginError
    from chamber.core.errors import RateLimitError as RateLimitError
    from chamber.core.errors import RedirectRefused as RedirectRefused
    from chamber.core.errors import ResponseError as ResponseError
    from chamber.core.errors import ServerError as ServerError
    from chamber.core.errors import SubmissionUnknownError as SubmissionUnknownError
    from chamber.core.errors import TransportError as TransportError
    from chamber.core.errors import UnexpectedResponseError as UnexpectedResponseError
    from chamber.core.errors import ValidationError as ValidationError
    from chamber.core.errors import WaitTimeout as WaitTimeout
    from chamber.core.errors import WorkloadFailedError as WorkloadFailedError
    from chamber.core.hooks import hookimpl as hookimpl
    from chamber.core.hooks import hookspec as hookspec
    from chamber.core.models import AggregationBucket as AggregationBucket
    from chamber.core.models import AggregationResult as AggregationResult
    from chamber.core.models import Capacity as Capacity
    from chamber.core.models import CapacityBudget as CapacityBudget
    from chamber.core.models import CapacityPool as CapacityPool
    from chamber.core.models import CapacitySummary as CapacitySummary
    from chamber.core.models import CapacityTeam as CapacityTeam
    from chamber.core.models import Explanation as Explanation
    from chamber.core.models import HealthStatus as HealthStatus
    from chamber.core.models import LogLine as LogLine
    from chamber.core.models import Model as Model
    from chamber.core.models import PaginatedResponse as PaginatedResponse
    from chamber.core.models import Workload as Workload
    from chamber.core.models import WorkloadSearchResult as WorkloadSearchResult
    from chamber.core.operations import Operations as Operations
    from chamber.core.operations import class_operation as class_operation
    from chamber.core.operations import listing as listing
    from chamber.core.operations import operation as operation
    from chamber.core.paths import path as path

_MODULES = {
    "enums": ("AllocationStatus", "JobClass", "JobStatus", "Reason", "ScalingMode"),
    "errors": (
        "AuthenticationError",
        "AuthorizationError",
        "BudgetExceededError",
        "ChamberError",
        "ClientClosedError",
        "ConfigurationError",
        "ConflictError",
        "DeadlineExceeded",
        "DockerError",
        "IdempotencyConflict",
        "MissingExtraError",
        "NotFoundError",
        "PluginError",
        "RateLimitError",
        "RedirectRefused",
        "ResponseError",
        "ServerError",
        "SubmissionUnknownError",
        "TransportError",
        "UnexpectedResponseError",
        "ValidationError",
        "WaitTimeout",
        "WorkloadFailedError",
    ),
    "hooks": ("hookimpl", "hookspec"),
    "models": (
        "AggregationBucket",
        "AggregationResult",
        "Capacity",
        "CapacityBudget",
        "CapacityPool",
        "CapacitySummary",
        "CapacityTeam",
        "Explanation",
        "HealthStatus",
        "LogLine",
        "Model",
        "PaginatedResponse",
        "Workload",
        "WorkloadSearchResult",
    ),
    "operations": ("Operations", "class_operation", "listing", "operation"),
    "paths": ("path",),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "AggregationBucket",
    "AggregationResult",
    "AllocationStatus",
    "AsyncChamberClient",
    "AuthenticationError",
    "AuthorizationError",
    "BudgetExceededError",
    "Capacity",
    "CapacityBudget",
    "CapacityPool",
    "CapacitySummary",
    "CapacityTeam",
    "ChamberClient",
    "ChamberError",
    "ClientClosedError",
    "ConfigurationError",
    "ConflictError",
    "DeadlineExceeded",
    "DockerError",
    "Explanation",
    "HealthStatus",
    "IdempotencyConflict",
    "JobClass",
    "JobStatus",
    "LogLine",
    "MissingExtraError",
    "Model",
    "NotFoundError",
    "Operations",
    "PaginatedResponse",
    "PluginError",
    "RateLimitError",
    "Reason",
    "RedirectRefused",
    "ResponseError",
    "ScalingMode",
    "ServerError",
    "SubmissionUnknownError",
    "TransportError",
    "UnexpectedResponseError",
    "ValidationError",
    "WaitTimeout",
    "Workload",
    "WorkloadFailedError",
    "WorkloadSearchResult",
    "class_operation",
    "hookimpl",
    "hookspec",
    "listing",
    "operation",
    "path",
]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)

    def __dir__() -> list[str]:
        return __all__
