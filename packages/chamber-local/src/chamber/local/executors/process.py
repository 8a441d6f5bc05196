"""Jobs as processes of this host: no container engine, no root file system, the host's Python.

Each pod of a Job has a folder of its own. A RayJob is its entrypoint alone, which starts a Ray on this host.
"""

import asyncio
import contextlib
import os
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

import msgspec
import psutil

from chamber.local.executors import gang
from chamber.local.executors.contract import Job, Outcome
from chamber.local.executors.environments import Environments, recipe_in
from chamber.local.executors.groups import Exit, ProcessGroup
from chamber.local.executors.images import pull
from chamber.local.executors.layers import unpack
from chamber.local.executors.manifest import Container, Task
from chamber.local.executors.output import Output
from chamber.local.executors.pods import process
from chamber.local.executors.ports import Ports
from chamber.local.executors.refusal import Refused
from chamber.local.executors.signals import signal_name
from chamber.local.executors.tail import last_lines
from chamber.local.executors.tasks import secrets_in, task_for
from chamber.local.marks import marked
from chamber.local.measuring.gpus import NvidiaGpus
from chamber.local.measuring.sampler import Sampler
from chamber.local.registry.store import Store
from chamber.local.secrets import Secrets
from chamber.local.workloads import Status

__all__ = ["ProcessExecutor"]

#: A command, where it runs, and its environment.
_Started = tuple[tuple[str, ...], Path, dict[str, str]]


#: Where Python looks for modules.
_MODULES = "PYTHONPATH"
#: Of images on the marker base.
_WORKING_DIRECTORY = "/app"


class ProcessExecutor:
    """Runs each workload's container command in a folder that its image was unpacked into.

    `registry` is the host:port that images are looked up under, `interval` the seconds between samples, `grace` the
    seconds between TERM and KILL, `log_limit` the bytes that are kept of what a job prints, `secrets` what manifests
    may take values from.
    """

    def __init__(
        self,
        store: Store,
        registry: str,
        folder: Path,
        *,
        interval: float,
        grace: float,
        log_limit: int,
        secrets: Secrets,
    ) -> None:
        self._store, self._registry, self._folder = store, registry, folder
        self._interval, self._grace, self._log_limit, self._secrets = interval, grace, log_limit, secrets
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
        task = task_for(job.workload, self._secrets)
        image = await pull(await self._store.of_team(job.workload.initiative_id), task.container.image, self._registry)
        pods = [root / "pods" / str(index) for index in range(task.pods)]
        for pod in pods:
            (pod / "root").mkdir(parents=True, mode=0o700)
            await asyncio.to_thread(unpack, image.layers, pod / "root")
        with Output(job.log, self._log_limit, secrets_in(task)) as output, Ports() as ports:
            python = await self._python(root, pods[0], output)
            started = [_process(task, index, pod, python, image.env, ports) for index, pod in enumerate(pods)]
            if task.ray_gpus is not None:
                await _require_ray(started[0])
            if len(started) == 1:
                return _outcome(await self._run(job, ProcessGroup(*started[0], output.stream())), output)
            return await self._run_together(job, started, root, output)

    async def _python(self, root: Path, pod: Path, output: Output) -> Path:
        recipe = recipe_in(pod / "root")
        if recipe is None:
            return _host_python(root / "bin")
        return await self._environments.prepare(recipe, pod / "root", root, output) / "bin"

    async def _run_together(self, job: Job, started: Sequence[_Started], root: Path, output: Output) -> Outcome:
        """Several pods, as the children of one process, which is told of them where nobody can look."""
        file = root / "gang.json"
        told = msgspec.json.encode([{"command": c, "cwd": str(cwd), "env": e} for c, cwd, e in started])
        command, env = (sys.executable, "-I", gang.__file__, str(file)), {"PATH": os.defpath, **marked(root)}
        ended = await self._run(job, ProcessGroup(command, root, env, output.stream(), told))
        failed = msgspec.json.decode(file.read_bytes()) if file.exists() else None
        if ended.code == 0 or not isinstance(failed, dict):
            return _outcome(ended, output)
        return _outcome(Exit(failed["code"], ended.cpu_seconds), output, failed["pod"])

    async def _run(self, job: Job, group: ProcessGroup) -> Exit:
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
        return ended


async def _drop(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait([task])


def _created(pid: int) -> float | None:
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).create_time()
    return None


def _process(task: Task, index: int, pod: Path, python: Path, image: Mapping[str, str], ports: Ports) -> _Started:
    files = pod / "root"
    started = process(task, index, _base(python, _home(pod), image, files), ports)
    modules = {_MODULES: _located(started.env[_MODULES], files)} if _MODULES in started.env else {}
    return started.command, _working_directory(task.container, files), {**started.env, **modules}


def _located(folders: str, files: Path) -> str:
    """A search path with the folders of the image where they were unpacked to."""
    return os.pathsep.join(str(_inside(folder, files) or folder) for folder in folders.split(os.pathsep))


def _inside(folder: str, files: Path) -> Path | None:
    there = files / folder.lstrip("/")
    return there if folder.startswith("/") and there.is_dir() else None


async def _require_ray(started: _Started) -> None:
    """Raises Refused: what a RayJob runs on is not in its environment."""
    _, cwd, env = started
    looking = await asyncio.create_subprocess_exec(
        *("python", "-c", "import importlib.util as u, sys; sys.exit(u.find_spec('ray') is None)"),
        cwd=cwd,
        env=env,
        stdin=asyncio.subprocess.DEVNULL,
    )
    if await looking.wait():
        raise Refused(
            "the RayJob's entrypoint runs on a local Ray here, and its environment has none: "
            "add ray[default] to the project's dependencies"
        )


def _working_directory(container: Container, files: Path) -> Path:
    asked = container.working_dir or _WORKING_DIRECTORY
    parts = PurePosixPath(asked.lstrip("/")).parts
    place = files.joinpath(*parts)
    if ".." in parts or not place.resolve().is_relative_to(files.resolve()):
        raise Refused(f"the manifest's workingDir {asked!r} leads out of the image")
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


def _base(python: Path, home: Path, image: Mapping[str, str], files: Path) -> dict[str, str]:
    """Nothing of the server's own environment but where programs are; of the image's, where its own are."""
    commands = (_inside(folder, files) for folder in image.get("PATH", "").split(os.pathsep))
    folders = [*filter(None, commands), python, Path(sys.executable).parent, "/usr/local/bin:/usr/bin:/bin"]
    modules = {_MODULES: image[_MODULES]} if _MODULES in image else {}
    path = os.pathsep.join(map(str, folders))
    return {"PATH": path, "HOME": str(home), "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1", **modules}


def _outcome(ended: Exit, output: Output, pod: int | None = None) -> Outcome:
    """Of several pods, the outcome is that of the first one that failed."""
    which, lines = ("", last_lines(output)) if pod is None else (f"pod {pod}: ", last_lines(output, prefix=f"[{pod}] "))
    if ended.code == 0:
        return Outcome(Status.COMPLETED, exit_code=0)
    if ended.code < 0:
        return Outcome(Status.FAILED, f"{which}killed by {signal_name(-ended.code)}{lines}", 128 - ended.code)
    return Outcome(Status.FAILED, f"{which}exit code {ended.code}{lines}", ended.code)
