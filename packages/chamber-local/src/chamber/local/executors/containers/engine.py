"""docker or podman: what is asked of it and what it says."""

import asyncio
import contextlib
import math
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import msgspec

from chamber.core.logs import logger
from chamber.local.executors.containers.answers import answer, last_line
from chamber.local.executors.containers.labels import WORKLOAD, is_left
from chamber.local.executors.containers.options import in_environment
from chamber.local.executors.refusal import Refused
from chamber.local.folder import write_private

if TYPE_CHECKING:
    from python_on_whales import DockerClient

__all__ = ["Engine", "State"]

_log = logger(__name__)
A = ParamSpec("A")
T = TypeVar("T")


class State(msgspec.Struct, frozen=True):
    """What became of a container. `error` says why it was not started."""

    started: bool
    running: bool
    exit_code: int
    out_of_memory: bool
    error: str
    pid: int


class Engine:
    """An engine that answers. Short questions go through python-on-whales, in threads; what a value of an environment
    variable is part of, or what may have to be ended, is a process of its own."""

    def __init__(self, name: str, command: tuple[str, ...], client: "DockerClient", cpus: int) -> None:
        #: docker or podman
        self.name = name
        #: The CPUs that containers may use.
        self.cpus = cpus
        self._command, self._client = command, client

    def attaching(self, container: str) -> tuple[str, ...]:
        """The command that starts a container, prints what it prints, and ends when it does."""
        return (*self._command, "start", "--attach", container)

    async def pull(self, image: str, options: Sequence[str], environment: Mapping[str, str]) -> None:
        """Pulls an image. Raises Refused."""
        code, said = await answer([*self._command, "pull", "--quiet", *options, image], {**os.environ, **environment})
        if code:
            raise Refused(f"{self.name} could not pull the image {image}: {last_line(said)}")

    async def image(self, name: str) -> tuple[str, dict[str, str]] | None:
        """The id and the labels of an image that it has; None for another. Raises Refused."""
        from python_on_whales.exceptions import NoSuchImage

        def look() -> tuple[str, dict[str, str]] | None:
            try:
                found = self._client.image.inspect(name)
            except NoSuchImage:
                return None
            return found.id, dict(found.config.labels or {})

        return await self._asked(f"look at the image {name}", look)

    async def create(self, options: Sequence[str], env: Mapping[str, str], folder: Path) -> str:
        """Makes a container, whose variables are in no command line; its id. Raises Refused.

        `folder` holds the file of the variables for as long as it takes.
        """
        passed = {name: value for name, value in env.items() if in_environment(value)}
        lines = (name if name in passed else f"{name}={value}" for name, value in env.items())
        file = folder / "variables"
        await asyncio.to_thread(write_private, file, "".join(f"{line}\n" for line in lines).encode())
        try:
            command = [*self._command, "create", f"--env-file={file}", *options]
            code, said = await answer(command, {**os.environ, **passed}, ends=False)
        finally:
            await asyncio.to_thread(file.unlink)
        if code:
            raise Refused(f"{self.name} could not make the container: {last_line(said)}")
        container = said.splitlines()[-1]
        await self._initialize(container)
        return container

    async def _initialize(self, container: str) -> None:
        """Has podman start what watches a container, which may go on to print what is not the container's."""
        if self.name == "podman":
            code, said = await answer([*self._command, "init", container], ends=False)
            if code:
                raise Refused(f"podman could not start the container: {last_line(said)}")

    async def state(self, container: str) -> State:
        """How it is. Raises Refused."""

        def look() -> State:
            state = self._client.container.inspect(container).state
            return State(
                started=state.status not in {"created", "initialized", "configured"},
                running=bool(state.running),
                exit_code=state.exit_code or 0,
                out_of_memory=bool(state.oom_killed),
                error=state.error or "",
                pid=state.pid or 0,
            )

        return await self._asked(f"look at the container {container[:12]}", look)

    async def stop(self, containers: Sequence[str], grace: float) -> None:
        """Has containers ended, KILL after `grace` seconds."""
        if containers:
            command = [*self._command, "stop", f"-t={math.ceil(grace)}", *containers]
            code, said = await answer(command, ends=False)
            if code:
                _log.warning("containers could not be stopped", engine=self.name, said=last_line(said))

    async def add_network(self, name: str, labels: Mapping[str, str]) -> None:
        """Makes a network. Raises Refused."""
        await self._asked(f"make the network {name}", self._client.network.create, name, labels=dict(labels))

    async def clear(self, workload_id: str) -> None:
        """Removes everything of a workload, also what still runs."""
        await self._tried("remove containers", self._remove, f"{WORKLOAD}={workload_id}", lambda _labels: True)

    async def clear_leftovers(self, folder: Path) -> None:
        """Removes what Chambers left that are gone, of this data folder or of this machine."""
        await self._tried(
            "remove what an earlier Chamber left", self._remove, WORKLOAD, lambda labels: is_left(labels(), folder)
        )

    async def remove_images(self, names: Sequence[str]) -> None:
        """Removes images by these names."""
        if names:
            await self._tried("remove images", self._client.image.remove, list(names), force=True)

    def _remove(self, label: str, is_unwanted: Callable[[Callable[[], Mapping[str, str]]], bool]) -> None:
        from python_on_whales.exceptions import NoSuchContainer

        for container in self._client.container.list(all=True, filters=[("label", label)]):
            with contextlib.suppress(NoSuchContainer):
                if is_unwanted(lambda found=container: found.config.labels or {}):  # type: ignore[misc]
                    self._client.container.remove(container.id, force=True, volumes=True)
        for network in self._client.network.list(filters=[("label", label)]):
            if is_unwanted(lambda found=network: found.labels or {}):  # type: ignore[misc]
                self._client.network.remove(network.id)

    async def _asked(self, what: str, call: Callable[A, T], *args: A.args, **options: A.kwargs) -> T:
        """When cancelled it is carried out all the same, so that what it made can be removed."""
        from python_on_whales.exceptions import DockerException

        calling = asyncio.create_task(asyncio.to_thread(call, *args, **options))
        try:
            await asyncio.shield(asyncio.wait([calling]))
        finally:
            await asyncio.wait([calling])
        try:
            return calling.result()
        except DockerException as error:
            said = error.stderr or str(error)
        except ValueError as error:  # what the engine says is not what python-on-whales knows
            said = str(error)
        raise Refused(f"{self.name} could not {what}: {last_line(said)}")

    async def _tried(self, what: str, call: Callable[A, T], *args: A.args, **options: A.kwargs) -> None:
        """What need not succeed: it may be gone already."""
        try:
            await self._asked(what, call, *args, **options)
        except Refused as refusal:
            _log.warning("the engine refused", engine=self.name, said=str(refusal))
