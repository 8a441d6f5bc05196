"""Jobs as processes of this host: no container engine, no root file system, the host's Python."""

import asyncio
import contextlib
import os
import shlex
import shutil
import signal
import sys
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import psutil

from chamber.local.executors.contract import Job, Outcome
from chamber.local.executors.environments import Environments, recipe_in
from chamber.local.executors.groups import Exit, ProcessGroup
from chamber.local.executors.images import pull
from chamber.local.executors.layers import unpack
from chamber.local.executors.manifest import Container, container_of
from chamber.local.executors.refusal import Refused
from chamber.local.executors.tail import last_lines
from chamber.local.measuring.gpus import NvidiaGpus
from chamber.local.measuring.sampler import Sampler
from chamber.local.registry.store import Store
from chamber.local.workloads import Status

__all__ = ["ProcessExecutor"]


class ProcessExecutor:
    """Runs each workload's container command in a folder that its image was unpacked into.

    `registry` is the host:port that images are looked up under, `interval` the seconds between samples, `grace` the
    seconds between TERM and KILL.
    """

    def __init__(self, store: Store, registry: str, folder: Path, *, interval: float, grace: float) -> None:
        self._store, self._registry, self._folder = store, registry, folder
        self._interval, self._grace = interval, grace
        self._environments = Environments(folder / "environments", grace)
        self._gpus = NvidiaGpus.find()

    async def execute(self, job: Job) -> Outcome:
        """Runs one to its end; when cancelled, its whole process group is ended."""
        root = self._folder / "runs" / job.workload.id
        job.log.touch(mode=0o600)
        try:
            return await self._execute(job, root)
        except Refused as refusal:
            return Outcome(Status.FAILED, str(refusal))
        finally:
            await asyncio.to_thread(shutil.rmtree, root, ignore_errors=True)

    async def _execute(self, job: Job, root: Path) -> Outcome:
        container = container_of(job.workload.k8s_manifest)
        layers = await pull(self._store, container.image, self._registry)
        files = root / "root"
        files.mkdir(parents=True, mode=0o700)
        await asyncio.to_thread(unpack, layers, files)
        python = await self._python(job, root)
        cwd = _working_directory(container, files)
        env = _job_env(container.env, python, _home(root))
        return await self._run(job, ProcessGroup(container.command, cwd, env, job.log))

    async def _python(self, job: Job, root: Path) -> Path:
        recipe = recipe_in(root / "root")
        if recipe is None:
            return _host_python(root / "bin")
        return await self._environments.prepare(recipe, root / "root", job.log) / "bin"

    async def _run(self, job: Job, group: ProcessGroup) -> Outcome:
        sampler = Sampler(job.workload.id, job.measured, self._interval, self._gpus, group.started)
        try:
            await job.running(group.pid, _created(group.pid))
            watching = asyncio.create_task(sampler.watch(group.pid))
            try:
                ended = await group.wait()
            finally:
                await _drop(watching)
            await sampler.finish(ended.cpu_seconds)
        finally:
            await group.stop(self._grace)
        return _outcome(ended, job.log)


async def _drop(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait([task])


def _created(pid: int) -> float | None:
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).create_time()
    return None


def _working_directory(container: Container, files: Path) -> Path:
    parts = PurePosixPath(container.working_dir.lstrip("/")).parts
    place = files.joinpath(*parts)
    if ".." in parts or not place.resolve().is_relative_to(files.resolve()):
        raise Refused(f"the manifest's workingDir {container.working_dir!r} leads out of the image")
    place.mkdir(parents=True, exist_ok=True)
    return place


def _host_python(folder: Path) -> Path:
    """A folder whose ``python`` is this interpreter: a script, because a link to it would lose its environment."""
    folder.mkdir()
    for name in ("python", "python3"):
        script = folder / name
        script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
        script.chmod(0o755)
    return folder


def _home(root: Path) -> Path:
    home = root / "home"
    home.mkdir(mode=0o700)
    return home


def _job_env(asked: Mapping[str, str], python: Path, home: Path) -> dict[str, str]:
    """Nothing of the server's own environment but where programs are, and the manifest's env over it."""
    path = os.pathsep.join((str(python), str(Path(sys.executable).parent), "/usr/local/bin:/usr/bin:/bin"))
    return {"PATH": path, "HOME": str(home), "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1", **asked}


def _outcome(ended: Exit, log: Path) -> Outcome:
    if ended.code == 0:
        return Outcome(Status.COMPLETED, exit_code=0)
    if ended.code < 0:
        return Outcome(Status.FAILED, f"killed by {_signal(-ended.code)}{last_lines(log)}", 128 - ended.code)
    return Outcome(Status.FAILED, f"exit code {ended.code}{last_lines(log)}", ended.code)


def _signal(number: int) -> str:
    with contextlib.suppress(ValueError):
        return f"signal {number} ({signal.Signals(number).name})"
    return f"signal {number}"
