"""`run()` and `plan()`, and the registries they push to."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Unpack, cast

from chamber.core import validation
from chamber.core.budgets import require_budget
from chamber.core.clock import Deadline
from chamber.core.enums import JobClass, JobStatus
from chamber.core.errors import AuthorizationError
from chamber.core.listed import Named
from chamber.core.many import ManyOperations
from chamber.core.models import Workload
from chamber.core.operations import Operations, operation
from chamber.core.progress.reporting import Reporter
from chamber.core.progress.steps import WARNING, OnProgress
from chamber.core.redaction import without_locals
from chamber.run.planning import history, saving
from chamber.run.planning.plan import DryRunResult
from chamber.run.planning.planner import Request, prepare
from chamber.run.publishing import publish
from chamber.run.resubmitting import Resubmission, beginning_anew, check_resubmission, completed
from chamber.run.settings import registries
from chamber.run.settings.configuration import DefaultNumber, DefaultText
from chamber.run.signatures import Directory, Distributed, OnPreempted, ProjectOptions, run_operation
from chamber.run.submitting import submit

if TYPE_CHECKING:
    from chamber.run.doctor.diagnosis import Diagnosis

__all__ = ["RunOperations"]

_GPUS = DefaultNumber(1)
_GPU_TYPE = DefaultText("H100")
_JOB_CLASS = DefaultText("ELASTIC")


class RunOperations(Operations):
    """From a project's directory to a running workload."""

    @run_operation
    async def run(
        self,
        directory: Directory,
        gpus: int = _GPUS,
        gpu_type: str = _GPU_TYPE,
        team: str | None = None,
        name: str | None = None,
        entrypoint: str | None = None,
        entrypoint_args: str | Sequence[str] | None = None,
        registry: str | None = None,
        base_image: str | None = None,
        dockerfile: str | None = None,
        distributed: Distributed | None = None,
        job_class: JobClass | str = _JOB_CLASS,
        env: Mapping[str, str] | None = None,
        no_cache: bool = False,
        dry_run: bool = False,
        save_dockerfile: bool = False,
        save_manifest: bool = False,
        wait: bool = False,
        poll_interval: float = 10.0,
        timeout: float | None = None,
        on_progress: OnProgress | None = None,
        *,
        progress: bool | None = None,
        max_gpu_hours: float | None = None,
        on_preempted: OnPreempted | None = None,
        max_resubmits: int = 3,
        **project: Unpack[ProjectOptions],
    ) -> Workload | DryRunResult:
        """Put the project in `directory` into an image, push it, and submit it as a GPU workload.

        An argument beats ``.chamber.yaml``, which beats ``~/.chamber/config.json``; `env` is merged by name. Every
        key of ``.chamber.yaml`` is an argument too: see `chamber.run.signatures.ProjectOptions`.
        `team` is the team's id; `registry` the name of a configured registry, or host/path. `entrypoint_args` is
        a command line or its words. `no_cache` packs and uploads anew. With `dry_run` the plan is returned, and
        nothing is done. `save_dockerfile` and `save_manifest` write Dockerfile.chamber and manifest.chamber.yaml
        into the project. With `wait` the workload is returned when it has ended, in whatever way, looking every
        `poll_interval` seconds, for at most `timeout` seconds. `on_progress` is called with a stage (config,
        detect, dockerfile, manifest, docker, upload, submit, wait) and a message, which has `done` and `total` where
        bytes are counted; `progress` shows the same on a terminal and in notebooks, by default where there is no
        `on_progress` and more is done than to plan.

        `max_gpu_hours`: GPU-hours that the job may use, in all attempts together; it is refused where its team has
        fewer left. With ``on_preempted="resubmit"`` and `wait`, a job that was preempted is submitted again, up to
        `max_resubmits` times; what its environment tells it then is in `chamber.run.attempts`.

        Raises ProjectNotFoundError, EntrypointNotFoundError: FileNotFoundErrors, of the directory or in it.
        Raises ConfigurationError: a ValueError; a setting is missing, malformed or unknown.
        Where an earlier run of the same plan was killed before the API's answer came, its job is looked for and
        returned, with ``reused`` true, unless it failed; a job that a run has returned is never returned again.

        Raises AuthenticationError: the token is not accepted; nothing was uploaded.
        Raises BudgetExceededError: the team has fewer GPU-hours left than `max_gpu_hours`; nothing was uploaded.
        Raises SubmissionUnknownError: the job may or may not have been submitted; the next run of the plan finds out.
        Raises DockerError, RegistryAuthError: the image cannot be made, or not be pushed.
        Raises WaitTimeout: the workload had not ended in time; it goes on running.
        """
        validation.number("poll_interval", poll_interval, 0, whole=False)
        validation.number("timeout", timeout, 0, whole=False)
        validation.number("max_gpu_hours", max_gpu_hours, 0, whole=False)
        check_resubmission(on_preempted, max_resubmits, wait=wait or dry_run)
        request = Request(
            directory=directory,
            arguments=_settings(
                name=name,
                gpus=gpus,
                gpu_type=gpu_type,
                team=team,
                registry=registry,
                entrypoint=entrypoint,
                entrypoint_args=entrypoint_args,
                distributed=distributed,
                job_class=job_class,
                base_image=base_image,
                env=env,
                **_known(project),
            ),
            dockerfile=dockerfile,
            in_earnest=not dry_run,
        )
        async with Reporter(on_progress, False if dry_run and progress is None else progress) as report:
            prepared = await prepare(request, self._transport.settings, report)
            if not dry_run:
                await self._require_access()
                await self._require_budget(prepared.plan, max_gpu_hours)
            await saving.save(prepared.plan, dockerfile=save_dockerfile, manifest=save_manifest)
            if prepared.registry is None or dry_run:
                return prepared.plan
            for warning in (*prepared.plan.warnings, *(beginning_anew(prepared.plan) if on_preempted else ())):
                await report("config", f"{WARNING}{warning}")
            plan = await publish(self._transport, prepared.plan, prepared.layers, prepared.registry, no_cache, report)
            await asyncio.to_thread(history.remember, plan.directory, plan.repository, _made_from(plan))
            digest, resubmits = prepared.plan.digest, on_preempted is not None
            allowed = Resubmission(plan, digest, max_resubmits, max_gpu_hours) if resubmits else None
            workload = await submit(self._transport, plan, digest, report, resubmits=resubmits)
            return await self._ended(workload, poll_interval, timeout, allowed, report) if wait else workload

    @operation
    async def plan(
        self,
        directory: Directory,
        gpus: int = _GPUS,
        gpu_type: str = _GPU_TYPE,
        team: str | None = None,
        name: str | None = None,
        entrypoint: str | None = None,
        entrypoint_args: str | Sequence[str] | None = None,
        registry: str | None = None,
        base_image: str | None = None,
        dockerfile: str | None = None,
        distributed: Distributed | None = None,
        job_class: JobClass | str = _JOB_CLASS,
        env: Mapping[str, str] | None = None,
        no_cache: bool = False,
        save_dockerfile: bool = False,
        save_manifest: bool = False,
        on_progress: OnProgress | None = None,
        *,
        progress: bool | None = None,
        **project: Unpack[ProjectOptions],
    ) -> DryRunResult:
        """What `run` with the same arguments would do. The parameters and errors are those of `run`.

        Made offline: whether the API accepts the token, the team and the GPU type is not known yet.
        """
        planned: DryRunResult = await self.run(
            directory,
            gpus,
            gpu_type,
            team,
            name,
            entrypoint=entrypoint,
            entrypoint_args=entrypoint_args,
            registry=registry,
            base_image=base_image,
            dockerfile=dockerfile,
            distributed=distributed,
            job_class=job_class,
            env=env,
            no_cache=no_cache,
            dry_run=True,
            save_dockerfile=save_dockerfile,
            save_manifest=save_manifest,
            on_progress=on_progress,
            progress=progress,
            **project,
        )
        return planned

    @operation
    async def doctor(self, registry: str | None = None) -> Diagnosis:
        """Whether all that a run needs is there: the API, the token, the registry, an engine, the clock, the disk.

        `registry`: a name or host/path; None: the default. Raises nothing about what it finds: the diagnosis is true
        when a run can work, and each check of it says what was found and what to do.
        """
        from chamber.run.doctor.examination import examine  # brings the engines, which a run seldom needs

        return await examine(self._transport, registry)

    @staticmethod
    def add_registry(
        name: str, url: str, set_default: bool = False, *, insecure: bool = False, auth_realm: str | None = None
    ) -> None:
        """Keep the registry at `url` (host/path) under a name, in ``~/.chamber/config.json``.

        `insecure`: its host may be spoken to in plain HTTP, as on a LAN. `auth_realm`: the site that gives out its
        tokens (https://host), where that is neither the registry itself nor one known for it.

        Raises ConfigurationError: the name, the URL or the realm is malformed, or the file cannot be read or written.
        """
        try:
            with without_locals():
                registries.add(name, url, set_default, insecure=insecure, auth_realm=auth_realm)
        finally:
            del url, auth_realm

    @staticmethod
    def list_registries() -> dict[str, str]:
        """The configured registries: names and URLs."""
        return Named(registries.listed())

    @staticmethod
    def set_default_registry(name: str) -> None:
        """Make a configured registry the default. Raises ConfigurationError, a ValueError: there is none so named."""
        registries.set_default(name)

    @staticmethod
    def get_default_registry() -> tuple[str, str] | None:
        """Name and URL of the default registry; the URL twice where it has no name; None when there is none."""
        return registries.default()

    async def _require_access(self) -> None:
        """Have a bad token or an API that cannot be reached found out before anything is uploaded."""
        with contextlib.suppress(AuthorizationError):
            await _core(self).list_workloads(limit=1)

    async def _require_budget(self, plan: DryRunResult, hours: float | None) -> None:
        if hours is not None and plan.settings.team:
            await require_budget(self._transport, plan.settings.team, hours)

    async def _ended(
        self,
        workload: Workload,
        poll_interval: float,
        timeout: float | None,
        allowed: Resubmission | None,
        report: Reporter,
    ) -> Workload:
        """The workload once it has ended, or the one of the last attempt."""
        deadline = Deadline(self._transport.clock, timeout)

        async def watch(submitted: Workload) -> Workload:
            left = None if timeout is None else deadline.remaining
            return await self._watched(submitted, poll_interval, left, report)

        if allowed is None:
            return await watch(workload)
        return await completed(_core(self), self._transport, workload, allowed, watch, report)

    async def _watched(
        self, workload: Workload, poll_interval: float, timeout: float | None, report: Reporter
    ) -> Workload:
        """The workload once it has ended; each status on the way is reported."""
        told: list[str] = []
        async with contextlib.aclosing(_core(self).watch_workload(workload.id, poll_interval, timeout)) as changes:
            async for workload in changes:
                for status in _news(workload, len(told)):
                    told.append(status)
                    await report("wait", f"{workload.name} is {status}{_why(workload, status)}")
        return workload


def _made_from(plan: DryRunResult) -> history.LastRun:
    return history.LastRun(environment=history.plain(plan.environment.inputs), content_key=plan.content_key)


def _news(workload: Workload, told: int) -> list[str]:
    """The statuses after the first `told`, where the API tells all, as chamber-local does; else the present one."""
    history = workload.extra.get("status_history")
    return [str(JobStatus(event["status"])) for event in history[told:]] if history else [str(workload.status)]


def _why(workload: Workload, status: str) -> str:
    return f": {workload.failure_reason}" if workload.failure_reason and status == workload.status else ""


def _core(client: Operations) -> ManyOperations:
    """The client as chamber.core makes it; a base class of that kind would stand before core in checkers' eyes."""
    return cast("ManyOperations", client)


def _known(project: ProjectOptions) -> ProjectOptions:
    for name in project:
        if name not in ProjectOptions.__annotations__:
            raise TypeError(f"run() got an unexpected keyword argument {name!r}")
    return project


def _settings(**arguments: object) -> Mapping[str, object]:
    return arguments
