"""From a container that was made to one whose processes can be looked at."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from chamber.local.executors.containers.engine import Engine, State

__all__ = ["started", "visible"]

_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 0.5


async def started(engine: Engine, containers: Sequence[str], over: Callable[[], bool]) -> list[State]:
    """How all of them are, as soon as each was started, or when what starts them is `over`. Raises Refused."""
    pause = _FIRST_PAUSE
    while True:
        last = over()
        states = [await engine.state(container) for container in containers]
        if last or all(state.started for state in states):
            return states
        await asyncio.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


def visible(states: Sequence[State], containers: Sequence[str]) -> tuple[int, ...]:
    """The first process of each container that runs, where this machine's own table of processes has them."""
    running = [(state.pid, container) for state, container in zip(states, containers, strict=True) if state.running]
    return tuple(pid for pid, container in running if _is_of(pid, container))


def _is_of(pid: int, container: str) -> bool:
    """Whether a process is in the control group of a container: in a virtual machine, the number is another's."""
    try:
        return container in Path(f"/proc/{pid}/cgroup").read_text()
    except OSError:
        return False
