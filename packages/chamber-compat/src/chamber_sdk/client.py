"""`ChamberClient`: the vendor's methods, each carried out by `chamber.core` and the packages beside it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack, overload

from chamber_sdk.connection import DEFAULT_API_URL, DEFAULT_TIMEOUT
from chamber_sdk.defaults import GPU_TYPE, GPUS, JOB_CLASS, given
from chamber_sdk.fleet import Fleet
from chamber_sdk.models import (
    AggregationResult,
    JobClass,
    JobStatus,
    PaginatedResponse,
    ScalingMode,
    Workload,
    WorkloadSearchResult,
)
from chamber_sdk.registries import Registries

if TYPE_CHECKING:
    import os

    from chamber_sdk.run.pipeline import DryRunResult

__all__ = ["DEFAULT_API_URL", "DEFAULT_TIMEOUT", "ChamberClient", "Filters", "RunOptions"]

Statuses = JobStatus | str | Sequence[JobStatus | str]
Words = str | Sequence[str]


class Filters(TypedDict, total=False):
    """What `iter_workloads` takes beside its first three; `limit` is the size of a page, 1 to 100."""

    is_managed: bool | None
    submitted_after: str | None
    submitted_before: str | None
    sort_order: str | None
    limit: int


class RunOptions(TypedDict, total=False):
    """The parameters of `run()` after the first five, less `dry_run`, as type checkers see them."""

    entrypoint: str | None
    entrypoint_args: str | None
    registry: str | None
    base_image: str | None
    dockerfile: str | None
    distributed: str | None
    job_class: JobClass | str
    env: Mapping[str, str] | None
    no_cache: bool
    save_dockerfile: bool
    save_manifest: bool
    wait: bool
    poll_interval: float
    timeout: float | None
    on_progress: Callable[[str, str], None] | None


class ChamberClient(Registries, Fleet):
    """The Chamber client. Blocks, and is usable from any thread; what its methods raise is a `ChamberError`."""

    def submit_job(
        self,
        name: str,
        initiative_id: str,
        gpu_type: str,
        requested_gpus: float | None = None,
        job_class: JobClass | str = JobClass.RESERVED,
        priority: int | None = None,
        external_id: str | None = None,
        k8s_manifest: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
        allocation_id: str | None = None,
        template_id: str | None = None,
        distribution_mode: str | None = None,
        gpus_per_pod: int | None = None,
        requested_pods: int | None = None,
        scaling_mode: ScalingMode | str | None = None,
        min_pods: int | None = None,
    ) -> Workload:
        """Submit a GPU workload for the team `initiative_id`, once.

        `name` has 1 to 255 characters, `priority` is 0 to 100, `k8s_manifest` YAML of at most 65,536 characters.

        Raises ValidationError: an argument is outside its bounds; nothing was sent.
        Raises SubmissionUnknownError: the job may or may not have been submitted; see `chamber.core`.
        """
        submitted = self._core.submit_job(
            name,
            initiative_id,
            gpu_type,
            requested_gpus,
            job_class,
            priority,
            external_id or None,
            k8s_manifest or None,
            metadata or None,
            tags or None,
            allocation_id or None,
            template_id or None,
            distribution_mode or None,
            gpus_per_pod,
            requested_pods,
            scaling_mode or None,
            min_pods,
        )
        return Workload.of(submitted)

    def get_workload(self, workload_id: str) -> Workload:
        """The workload with this id. Raises NotFoundError: there is none."""
        return Workload.of(self._core.get_workload(workload_id))

    def list_workloads(
        self,
        status: Statuses | None = None,
        initiative_id: str | None = None,
        submitted_by: str | None = None,
        is_managed: bool | None = None,
        submitted_after: str | None = None,
        submitted_before: str | None = None,
        sort_order: str | None = None,
        limit: int = 20,
        next_token: str | None = None,
    ) -> PaginatedResponse:
        """One page of workloads; `limit` is 1 to 100, times are ISO 8601.

        Raises ValidationError: an argument is outside its bounds.
        """
        page = self._core.list_workloads(
            status,
            initiative_id,
            submitted_by,
            is_managed,
            submitted_after,
            submitted_before,
            sort_order,
            limit,
            next_token,
        )
        return PaginatedResponse.of(page)

    def iter_workloads(
        self,
        status: Statuses | None = None,
        initiative_id: str | None = None,
        submitted_by: str | None = None,
        **kwargs: Unpack[Filters],
    ) -> Generator[Workload, None, None]:
        """Every workload that `list_workloads` finds with these filters, page after page."""
        filters: dict[str, Any] = dict(kwargs)
        if "limit" in filters:
            filters["page_size"] = filters.pop("limit")
        for workload in self._core.iter_workloads(status, initiative_id, submitted_by, **filters):
            yield Workload.of(workload)

    def cancel_workload(self, workload_id: str) -> Workload:
        """Cancel a workload that has not ended. Raises ChamberError: it has."""
        return Workload.of(self._core.cancel_workload(workload_id))

    def search_workloads(
        self,
        status: Statuses | None = None,
        job_class: Words | None = None,
        gpu_type: Words | None = None,
        initiative_id: Words | None = None,
        submitted_by: Words | None = None,
        capacity_pool_id: Words | None = None,
        priority_min: int | None = None,
        priority_max: int | None = None,
        requested_gpus_min: float | None = None,
        requested_gpus_max: float | None = None,
        submitted_from: str | None = None,
        submitted_to: str | None = None,
        query: str | None = None,
        sort_by: str = "submitted_at",
        sort_order: str = "desc",
        page_size: int = 25,
        cursor: str | None = None,
    ) -> WorkloadSearchResult:
        """One page of the workloads that match every filter; `page_size` is 1 to 100.

        Raises ValidationError: an argument is outside its bounds.
        """
        found = self._core.search_workloads(
            status,
            job_class,
            gpu_type,
            initiative_id,
            submitted_by,
            capacity_pool_id,
            priority_min,
            priority_max,
            requested_gpus_min,
            requested_gpus_max,
            submitted_from or None,
            submitted_to or None,
            query or None,
            sort_by,
            sort_order,
            page_size,
            cursor or None,
        )
        return WorkloadSearchResult.of(found)

    def get_workload_aggregations(
        self,
        dimension: str,
        status: Statuses | None = None,
        job_class: Words | None = None,
        initiative_id: Words | None = None,
        capacity_pool_id: Words | None = None,
        submitted_from: str | None = None,
        submitted_to: str | None = None,
    ) -> AggregationResult:
        """How many of the workloads that match the filters there are for each value of `dimension`.

        Raises ValidationError: there is no such dimension.
        """
        counted = self._core.get_workload_aggregations(
            dimension,
            status,
            job_class,
            initiative_id,
            capacity_pool_id,
            submitted_from or None,
            submitted_to or None,
        )
        return AggregationResult.of(counted)

    def wait_for_completion(
        self,
        workload_id: str,
        poll_interval: float = 10.0,
        timeout: float | None = None,
        terminal_statuses: Sequence[JobStatus | str] | None = None,
    ) -> Workload:
        """The workload, once it has ended or has one of `terminal_statuses`.

        `poll_interval`: seconds between looks. `timeout`: seconds to wait at most; 0 looks once.

        Raises TimeoutError: it had not in time; it goes on running.
        """
        statuses = {} if terminal_statuses is None else {"terminal_statuses": terminal_statuses}
        ended = self._core.wait_for_completion(workload_id, poll_interval, timeout, **statuses, progress=False)
        return Workload.of(ended)

    @overload
    def run(
        self,
        directory: str | os.PathLike[str],
        gpus: int = ...,
        gpu_type: str = ...,
        team: str | None = ...,
        name: str | None = ...,
        *,
        dry_run: Literal[True],
        **options: Unpack[RunOptions],
    ) -> DryRunResult: ...
    @overload
    def run(
        self,
        directory: str | os.PathLike[str],
        gpus: int = ...,
        gpu_type: str = ...,
        team: str | None = ...,
        name: str | None = ...,
        *,
        dry_run: Literal[False] = False,
        **options: Unpack[RunOptions],
    ) -> Workload: ...
    @overload
    def run(self, directory: str | os.PathLike[str], *arguments: Any, **options: Any) -> Any: ...
    def run(
        self,
        directory: str | os.PathLike[str],
        gpus: int = GPUS,
        gpu_type: str = GPU_TYPE,
        team: str | None = None,
        name: str | None = None,
        entrypoint: str | None = None,
        entrypoint_args: str | None = None,
        registry: str | None = None,
        base_image: str | None = None,
        dockerfile: str | None = None,
        distributed: str | None = None,
        job_class: JobClass | str = JOB_CLASS,
        env: Mapping[str, str] | None = None,
        no_cache: bool = False,
        dry_run: bool = False,
        save_dockerfile: bool = False,
        save_manifest: bool = False,
        wait: bool = False,
        poll_interval: float = 10.0,
        timeout: float | None = None,
        on_progress: Callable[[str, str], None] | None = None,
    ) -> Any:
        """Put the project in `directory` into an image, push it, and submit it as a GPU workload: a `Workload`.

        With `dry_run` nothing is done, and what would be is a `DryRunResult`. An argument beats ``.chamber.yaml``,
        which beats ``~/.chamber/config.json``. `timeout`: seconds to wait at most, with `wait`.

        Raises MissingExtraError, an ImportError: ``chamber-compat[run]`` is not installed.
        Raises FileNotFoundError: there is no such directory, or nothing in it says how to start it.
        Raises ValueError: a setting is missing, malformed or unknown.
        Raises DockerError, RegistryAuthError: the image cannot be made, or not be pushed.
        """
        from chamber_sdk.run.pipeline import carried_out

        settings = given(
            gpus=gpus,
            gpu_type=gpu_type,
            team=team,
            name=name,
            entrypoint=entrypoint,
            entrypoint_args=entrypoint_args,
            registry=registry,
            base_image=base_image,
            dockerfile=dockerfile,
            distributed=distributed,
            job_class=job_class,
            env=env,
            no_cache=no_cache,
            dry_run=dry_run,
            save_dockerfile=save_dockerfile,
            save_manifest=save_manifest,
            wait=wait,
            poll_interval=poll_interval,
            timeout=timeout,
            on_progress=on_progress,
        )
        with self._unhurried() as chamber:
            return carried_out(chamber, directory, settings)
