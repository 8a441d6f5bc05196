"""How `run()` looks to type checkers: with ``dry_run=True`` it gives the plan, else the workload.

The parameters of `RunOptions` are those of `RunOperations.run`; a test holds them equal.
"""

from __future__ import annotations

import os
from collections.abc import Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, Literal, TypedDict, Unpack, overload

from chamber.core.enums import JobClass
from chamber.core.operations import operation

if TYPE_CHECKING:
    from chamber.core.models import Workload
    from chamber.core.operations import Awaiting, Blocking, Caller, Operations, Style
    from chamber.core.progress import OnProgress
    from chamber.run.planning.plan import DryRunResult
    from chamber.run.project.profile import Framework, Launcher

__all__ = ["Directory", "Distributed", "OnPreempted", "ProjectOptions", "RunOptions", "run_operation"]

Directory = str | os.PathLike[str]
Distributed = Literal["auto", "ray", "deepspeed", "none"]
OnPreempted = Literal["resubmit"]


class ProjectOptions(TypedDict, total=False):
    """The keys of ``.chamber.yaml`` that are no parameters of their own: `run()` and `plan()` take them by name."""

    #: Distributions of Debian, and requirements (PEP 508), that no file of the project lists.
    extra_apt_packages: Sequence[str]
    extra_pip_packages: Sequence[str]
    #: Shell commands before and after the dependencies are installed.
    pre_build_commands: Sequence[str]
    post_build_commands: Sequence[str]
    #: The file of the project that lists what it needs.
    dependencies: str
    framework: Framework
    python_version: str
    #: ``os/architecture``; linux/amd64.
    platform: str
    #: The URL of a package index; used in the build, and in no layer.
    pip_index_url: str
    #: Patterns as in ``.dockerignore``, and single files that go along although a rule leaves them out.
    ignore: Sequence[str]
    include: Sequence[str]
    #: The most that the project's files may take, such as ``"500MB"``.
    max_project_size: str
    launcher: Launcher
    #: RESERVED work has 100 or more by convention.
    priority: int
    #: Pods, and GPUs for each of them; `gpus` is the number of all.
    nodes: int
    gpus_per_node: int
    #: Kubernetes quantities for each pod, such as ``"8"`` or ``"64Gi"``.
    cpu: str
    memory: str
    shm_size: str
    #: Environment variables of this process that the job gets, with their values.
    forward_env: Sequence[str]
    #: Environment variables whose values are in the cluster: ``{"HF_TOKEN": "name of the secret/key"}``.
    secrets: Mapping[str, str]
    image_pull_secrets: Sequence[str]


class RunOptions(ProjectOptions, total=False):
    """The parameters of `run()` after the first five, less `dry_run`."""

    entrypoint: str | None
    entrypoint_args: str | Sequence[str] | None
    registry: str | None
    base_image: str | None
    dockerfile: str | None
    distributed: Distributed | None
    job_class: JobClass | str
    env: Mapping[str, str] | None
    no_cache: bool
    save_dockerfile: bool
    save_manifest: bool
    wait: bool
    poll_interval: float
    timeout: float | None
    on_progress: OnProgress | None
    progress: bool | None
    max_gpu_hours: float | None
    on_preempted: OnPreempted | None
    max_resubmits: int


if TYPE_CHECKING:

    class Run(Generic[Style]):
        """`run()` as a client has it."""

        @overload
        def __call__(
            self: Run[Blocking],
            directory: Directory,
            gpus: int = 1,
            gpu_type: str = "H100",
            team: str | None = None,
            name: str | None = None,
            *,
            dry_run: Literal[True],
            **options: Unpack[RunOptions],
        ) -> DryRunResult: ...
        @overload
        def __call__(
            self: Run[Blocking],
            directory: Directory,
            gpus: int = 1,
            gpu_type: str = "H100",
            team: str | None = None,
            name: str | None = None,
            *,
            dry_run: Literal[False] = False,
            **options: Unpack[RunOptions],
        ) -> Workload: ...
        @overload
        def __call__(
            self: Run[Blocking],
            directory: Directory,
            gpus: int = 1,
            gpu_type: str = "H100",
            team: str | None = None,
            name: str | None = None,
            *,
            dry_run: bool,
            **options: Unpack[RunOptions],
        ) -> Workload | DryRunResult: ...
        @overload
        def __call__(
            self: Run[Awaiting],
            directory: Directory,
            gpus: int = 1,
            gpu_type: str = "H100",
            team: str | None = None,
            name: str | None = None,
            *,
            dry_run: Literal[True],
            **options: Unpack[RunOptions],
        ) -> Coroutine[Any, Any, DryRunResult]: ...
        @overload
        def __call__(
            self: Run[Awaiting],
            directory: Directory,
            gpus: int = 1,
            gpu_type: str = "H100",
            team: str | None = None,
            name: str | None = None,
            *,
            dry_run: Literal[False] = False,
            **options: Unpack[RunOptions],
        ) -> Coroutine[Any, Any, Workload]: ...
        @overload
        def __call__(
            self: Run[Awaiting],
            directory: Directory,
            gpus: int = 1,
            gpu_type: str = "H100",
            team: str | None = None,
            name: str | None = None,
            *,
            dry_run: bool,
            **options: Unpack[RunOptions],
        ) -> Coroutine[Any, Any, Workload | DryRunResult]: ...
        def __call__(self, directory: Directory, *arguments: Any, **options: Any) -> Any: ...


class run_operation(operation[..., Any]):  # noqa: N801  a decorator
    """`operation`, typed by hand: a ParamSpec carries no overloads."""

    if TYPE_CHECKING:

        @overload  # type: ignore[override]
        def __get__(self, client: None, owner: type) -> run_operation: ...
        @overload
        def __get__(self, client: Caller[Style], owner: type) -> Run[Style]: ...
        @overload
        def __get__(self, client: Operations, owner: type) -> Run[Awaiting]: ...
        def __get__(self, client: Any, owner: Any) -> Any: ...  # pyright: ignore[reportIncompatibleMethodOverride]
