"""Jobs as containers: each pod is one, and several meet in a network of their own.

The engine keeps what it pulls; what a job was, it does not keep.
"""

import asyncio
import contextlib
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from chamber.local.executors.containers.ending import outcome
from chamber.local.executors.containers.engine import Engine
from chamber.local.executors.containers.finding import find
from chamber.local.executors.containers.gpus import Gpus, gpus_asked, installed
from chamber.local.executors.containers.images import Images
from chamber.local.executors.containers.labels import labels_of
from chamber.local.executors.containers.options import Place, created
from chamber.local.executors.containers.starting import started, visible
from chamber.local.executors.contract import Job, Outcome
from chamber.local.executors.groups import ProcessGroup
from chamber.local.executors.manifest import Task
from chamber.local.executors.output import Output
from chamber.local.executors.pods import contained
from chamber.local.executors.refusal import Refused
from chamber.local.executors.tail import last_lines
from chamber.local.executors.tasks import secrets_in, task_for
from chamber.local.measuring.gpus import NvidiaGpus
from chamber.local.measuring.sampler import Sampler
from chamber.local.registry.store import Store
from chamber.local.secrets import Secrets
from chamber.local.workloads import Status

__all__ = ["ContainerExecutor"]

_LAST_LINES_SECONDS = 2.0
#: How often a container is told to end before it is killed.
_TOLD = 3


class ContainerExecutor:
    """Runs the pods of each workload as containers of an engine.

    `folder` is the data folder, `interval` the seconds between samples, `grace` the seconds between TERM and KILL,
    `log_limit` the bytes that are kept of what a job prints, `secrets` what manifests may take values from.
    """

    def __init__(
        self,
        engine: Engine,
        images: Images,
        folder: Path,
        gpus: Gpus,
        *,
        interval: float,
        grace: float,
        log_limit: int,
        secrets: Secrets,
    ) -> None:
        self._engine, self._images, self._folder, self._gpus = engine, images, folder, gpus
        self._interval, self._grace, self._log_limit, self._secrets = interval, grace, log_limit, secrets
        self._nvidia = NvidiaGpus.find()

    @classmethod
    async def open(
        cls,
        store: Store,
        registry: str,
        token_of: Callable[[str], str],
        folder: Path,
        *,
        gpus: str,
        interval: float,
        grace: float,
        log_limit: int,
        secrets: Secrets,
    ) -> Self:
        """With the engine that answers, from which what a Chamber left that is gone was removed.

        Raises ConfigurationError: none answers.
        """
        engine = await find()
        await engine.clear_leftovers(folder)
        return cls(
            engine,
            Images(engine, store, registry, token_of),
            folder,
            Gpus(installed(), counted=gpus == "count"),
            interval=interval,
            grace=grace,
            log_limit=log_limit,
            secrets=secrets,
        )

    async def forget_images(self) -> None:
        """Removes what was pulled from a registry that is about to be gone."""
        await self._engine.remove_images(sorted(self._images.pulled))

    async def execute(self, job: Job) -> Outcome:
        """Runs one to its end; when cancelled, its containers are ended and removed."""
        root = self._folder / "runs" / job.workload.id
        await asyncio.to_thread(root.mkdir, mode=0o700, parents=True, exist_ok=True)
        try:
            task = task_for(job.workload, self._secrets)
            with (
                Output(job.log, self._log_limit, secrets_in(task)) as output,
                self._gpus.held(gpus_asked(task), task.pods) as gpus,
            ):
                return await self._execute(job, task, root, output, gpus)
        except Refused as refusal:
            job.log.touch(mode=0o600)
            return Outcome(Status.FAILED, str(refusal))
        finally:
            await asyncio.to_thread(shutil.rmtree, root, ignore_errors=True)

    async def _execute(
        self, job: Job, task: Task, root: Path, output: Output, gpus: Sequence[tuple[int, ...]]
    ) -> Outcome:
        image = await self._images.ready(task.container, job.workload.initiative_id, root / "login")
        try:
            pods = await self._create(job.workload.id, task, image, root, gpus)
            return await self._run(job, task, pods, root, output)
        finally:
            await self._engine.clear(job.workload.id)

    async def _create(
        self, workload_id: str, task: Task, image: str, root: Path, gpus: Sequence[tuple[int, ...]]
    ) -> list[str]:
        """The containers, none of which is started yet."""
        labels = labels_of(self._folder, workload_id)
        network = None
        if task.pods > 1:
            network = f"chamber-{workload_id}".replace("_", "-")
            await self._engine.add_network(network, labels)
        made = []
        for index in range(task.pods):
            pod = contained(task, index, counted=self._gpus.counted)
            place = Place(labels, self._engine.cpus, gpus[index], network, _names(task, index))
            options = created(self._engine.name, image, task.container, pod, place)
            made.append(await self._engine.create(options, pod.env, root))
        return made

    async def _run(self, job: Job, task: Task, pods: Sequence[str], root: Path, output: Output) -> Outcome:
        several = len(pods) > 1
        streams = [output.stream(f"[{index}] " if several else "") for index in range(len(pods))]
        groups = [
            ProcessGroup(self._engine.attaching(pod), root, os.environ, stream)
            for pod, stream in zip(pods, streams, strict=True)
        ]
        measuring = None
        try:
            states = await started(self._engine, pods, lambda: any(group.ended for group in groups))
            if all(state.started for state in states):
                await job.running()
            measuring = asyncio.create_task(self._measure(job, visible(states, pods), groups[0].started))
            return await self._ended(task, pods, groups, output)
        finally:
            if measuring is not None:
                measuring.cancel()
                await asyncio.wait([measuring])
            await self._stop(pods, groups)

    async def _stop(self, pods: Sequence[str], groups: Sequence[ProcessGroup]) -> None:
        """Ends what runs, and then what follows it, which has last lines to bring. One that was just being started
        may run only now, so that it is told again."""
        for _ in range(_TOLD):
            running = [pod for pod, group in zip(pods, groups, strict=True) if not group.ended]
            await self._engine.stop(running, self._grace)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LAST_LINES_SECONDS):
                    await asyncio.gather(*(group.wait() for group in groups))
                    break
        await asyncio.gather(*(group.stop(0) for group in groups))

    async def _ended(self, task: Task, pods: Sequence[str], groups: Sequence[ProcessGroup], output: Output) -> Outcome:
        """The outcome of the first pod that failed, which ends the others, as with a backoffLimit of 0."""
        waiting = {asyncio.create_task(group.wait()): index for index, group in enumerate(groups)}
        result = Outcome(Status.COMPLETED, exit_code=0)
        try:
            while waiting:
                done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for index in sorted(waiting.pop(ended) for ended in done):
                    outcome_of_pod = await self._outcome(task, pods, index, output)
                    if outcome_of_pod.status is Status.FAILED and result.status is not Status.FAILED:
                        result = outcome_of_pod
                        await self._engine.stop([pods[other] for other in waiting.values()], self._grace)
        finally:
            for left in waiting:
                left.cancel()
        return result

    async def _outcome(self, task: Task, pods: Sequence[str], index: int, output: Output) -> Outcome:
        state = await self._engine.state(pods[index])
        if state.running:
            raise Refused(f"{self._engine.name} no longer follows the container, which runs on: it is ended")
        memory = task.container.limits.get("memory")
        several = len(pods) > 1
        last = last_lines(output, prefix=f"[{index}] " if several else "")
        return outcome(state, last, None if memory is None else str(memory), index if several else None)

    async def _measure(self, job: Job, pids: tuple[int, ...], since: float) -> None:
        """Where the containers' processes can be seen from here."""
        if pids:
            await Sampler(job.workload.id, job.measured, self._interval, self._nvidia, since).watch(*pids)


def _names(task: Task, index: int) -> tuple[str, ...]:
    """What a pod is called in the network of its Job: as in a cluster, alone and behind its Service's name."""
    name = f"{task.name or 'job'}-{index}"
    return (name, f"{name}.{task.subdomain}") if task.subdomain else (name,)
