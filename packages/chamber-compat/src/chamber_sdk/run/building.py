"""What container engines do for the functions of `chamber_sdk.run.docker`."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from chamber.core.redaction import Secret
from chamber.run.engines import Build, Engine, commands, find
from chamber.run.engines.build import host_of
from chamber.run.engines.context import laid_out
from chamber.run.engines.login import logged_in
from chamber.run.engines.output import Output
from chamber.run.engines.process import allowed, answer, run
from chamber.run.engines.refusals import failure
from chamber.run.images.layers import ProjectLayers, plan_layers
from chamber.run.project.files import select
from chamber.run.targets import Registry
from chamber.run.threads import in_thread

__all__ = ["built", "published", "pulled", "pushed"]

Say = Callable[[str], Awaitable[None]]

#: Seconds that a pull may take.
_PULL = 120.0


async def published(
    root: Path, tag: str, dockerfile: str, dockerignore: str, cache: str | None, registry: Registry, say: Say
) -> None:
    """Build an image of a folder and push it."""
    engine = await find()
    context = await _context(root, dockerignore)
    await engine.publish(Build(tag=tag, dockerfile=dockerfile, context=context, cache=cache), registry, say)


async def built(root: Path, tag: str, dockerfile: str, dockerignore: str, say: Say) -> None:
    """Build an image of a folder, for this machine's engine."""
    engine = await find()
    build = Build(tag=tag, dockerfile=dockerfile, context=await _context(root, dockerignore))
    with ExitStack() as stack:
        folder = await in_thread(lambda stop: stack.enter_context(laid_out(build, stop)))
        options = [f"--tag={tag}", f"--file={folder / 'Dockerfile'}", "--", str(folder / "context")]
        await _done(engine, [*engine.client, "build", *options], f"build {tag}", engine.build_idle, say)


async def pushed(tag: str, registry: Registry, say: Say) -> None:
    """Push an image of this machine's engine."""
    engine = await find()
    host = host_of(tag)
    command = commands.push(engine.kind, engine.client, tag, frozenset({host} if registry.insecure else ()))
    async with logged_in({host}, registry) as (variables, hidden):
        await _done(engine, command, f"push {tag}", engine.push_idle, say, variables, hidden)


async def pulled(tag: str, registry: Registry) -> bool:
    """Whether this machine's engine could pull an image."""
    engine = await find()
    async with logged_in({host_of(tag)}, registry) as (variables, _):
        code, _ = await answer([*engine.client, "pull", tag], {**allowed(os.environ), **variables}, _PULL)
    return code == 0


async def _done(
    engine: Engine,
    command: Sequence[str],
    what: str,
    idle: float,
    say: Say,
    variables: dict[str, str] | None = None,
    hidden: Sequence[Secret] = (),
) -> None:
    output = Output(hidden)
    code = await run(command, {**allowed(os.environ), **(variables or {})}, output, say, idle)
    if code:
        raise failure(engine.name, what, code, output.tail)


async def _context(root: Path, dockerignore: str) -> ProjectLayers:
    """The files of a folder, less what its own rules and these leave out."""
    rules = [line for line in dockerignore.splitlines() if line.strip() and not line.startswith("#")]
    return await in_thread(lambda stop: plan_layers(root, select(root, rules), (), stop=stop))
