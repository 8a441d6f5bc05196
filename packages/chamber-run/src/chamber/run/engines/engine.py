"""A container engine that builds and pushes images."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

from msgspec import Struct

from chamber.core.redaction import Secret
from chamber.run.engines import commands
from chamber.run.engines.build import Build, Kind
from chamber.run.engines.context import laid_out
from chamber.run.engines.guard import Ending
from chamber.run.engines.login import logged_in
from chamber.run.engines.output import Output
from chamber.run.engines.process import Say, allowed, run
from chamber.run.engines.refusals import failure
from chamber.run.reference import split_prefix
from chamber.run.registry.credentials import Login
from chamber.run.targets import Registry
from chamber.run.threads import in_thread

__all__ = ["Engine"]

#: Seconds within which podman, between two steps, is expected to start the next when a build is ended.
_PATIENCE = 8.0
_NAMES: dict[Kind, str] = {
    "docker": "docker without buildx",
    "buildx": "docker buildx",
    "podman": "podman",
    "nerdctl": "nerdctl",
}


class Engine(Struct, frozen=True, kw_only=True):
    """An engine that answered when it was looked for."""

    kind: Kind
    #: The beginning of each of its command lines.
    client: tuple[str, ...]
    #: Seconds that a build may pass without output.
    build_idle: float = 1200.0
    #: Seconds that a push may: some engines say nothing while one large layer is sent.
    push_idle: float = 3600.0

    @property
    def name(self) -> str:
        """What to call it."""
        return _NAMES[self.kind]

    @property
    def buildkit(self) -> bool:
        """Whether a step of a Dockerfile may mount secrets and caches."""
        return self.kind != "docker"

    async def publish(
        self,
        build: Build,
        registry: Registry,
        say: Say,
        logins: Mapping[str, Login] | None = None,
    ) -> None:
        """Build an image and push it to `registry`; each line of output is said as it comes.

        `logins`: those that registries are known to accept, by host; others are looked for.

        Raises DockerError: it could not be built or pushed; the message ends with the last lines of the output.
        Raises RegistryAuthError: the registry refused the push.
        """
        plain = _plain(registry)
        async with logged_in(build.hosts, registry, logins or {}) as (variables, hidden), _folder(build) as folder:
            job = _Job(self, variables, [*hidden, *build.secrets.values()], say)
            command = commands.build(self.kind, self.client, build, folder, plain)
            await job.do(command, f"build {build.tag}", self.build_idle)
            if not commands.pushes_itself(self.kind):
                command = commands.push(self.kind, self.client, build.tag, plain)
                await job.do(command, f"push {build.tag}", self.push_idle)


class _Job:
    """The commands of one build, all with the same login."""

    def __init__(self, engine: Engine, login: dict[str, str], secrets: Sequence[Secret], say: Say) -> None:
        self._engine = engine
        self._secrets = secrets
        self._say = say
        classic = {"DOCKER_BUILDKIT": "0"} if engine.kind == "docker" else {}
        self._environment = {**allowed(os.environ), **login, **classic}

    async def do(self, command: Sequence[str], what: str, idle: float) -> None:
        output = Output(self._secrets)
        patience = _PATIENCE if self._engine.kind == "podman" else 0.0
        ending = Ending(patience=patience, removal=lambda: self._removal(output.container))
        code = await run(command, self._environment, output, self._say, idle, ending)
        if code:
            raise failure(self._engine.name, what, code, output.tail)

    def _removal(self, container: str | None) -> Sequence[str] | None:
        """Takes away the container of a step of the classic builder, which its daemon ends a moment later too."""
        found = container if self._engine.kind == "docker" else None
        return [*self._engine.client, "rm", "--force", "--", found] if found and found.isalnum() else None


@asynccontextmanager
async def _folder(build: Build) -> AsyncIterator[Path]:
    with ExitStack() as stack:
        yield await in_thread(lambda stop: stack.enter_context(laid_out(build, stop)))


def _plain(registry: Registry) -> frozenset[str]:
    return frozenset({split_prefix(registry.prefix)[0].lower()} if registry.insecure else ())
