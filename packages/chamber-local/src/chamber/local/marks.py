"""By what a process of a job is known after a crash: the folder of its run, in its environment."""

import os
from collections.abc import Mapping
from pathlib import Path

__all__ = ["belongs_to", "marked"]

_VARIABLE = "CHAMBER_LOCAL_RUN"
#: A pod's home is in the folder of its run.
_VARIABLES = (_VARIABLE, "HOME")


def marked(run: Path) -> dict[str, str]:
    """The variable by which a process is known to work for a run."""
    return {_VARIABLE: str(run)}


def belongs_to(runs: Path, environ: Mapping[str, str]) -> bool:
    """True for the environment of a process that worked for one of the runs in this folder."""
    return any(environ.get(variable, "").startswith(f"{runs}{os.sep}") for variable in _VARIABLES)
