"""What the end of a container means."""

from chamber.local.executors.containers.engine import State
from chamber.local.executors.contract import Outcome
from chamber.local.executors.signals import signal_name
from chamber.local.workloads import Status

__all__ = ["outcome"]

_KILLED = 137


def outcome(state: State, last: str, memory: str | None, pod: int | None = None) -> Outcome:
    """The outcome of a pod that ended so, with the `last` lines it printed; `memory` is its limit."""
    which = "" if pod is None else f"pod {pod}: "
    if not state.started:
        said = f": {state.error}" if state.error else last
        return Outcome(Status.FAILED, f"{which}the container was not started{said}", state.exit_code or None)
    if state.exit_code == 0 and not state.out_of_memory:
        return Outcome(Status.COMPLETED, exit_code=0)
    return Outcome(Status.FAILED, f"{which}{_what(state, memory)}{last}", state.exit_code)


def _what(state: State, memory: str | None) -> str:
    if state.out_of_memory:
        return f"out of memory (OOMKilled): it used more than its limit of {memory}"
    killed = f"exit code {state.exit_code}"
    if state.exit_code > 128:
        killed = f"killed by {signal_name(state.exit_code - 128)}"
    if state.exit_code == _KILLED and memory is not None:
        return f"{killed}, as one is that uses more memory than its limit of {memory}"
    return killed
