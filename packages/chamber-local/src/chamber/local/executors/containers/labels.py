"""How containers and networks are known again: whose they are, and whether that Chamber is gone."""

import os
import platform
from collections.abc import Mapping
from pathlib import Path

import psutil

__all__ = ["FOLDER", "WORKLOAD", "is_left", "labels_of"]

#: The data folder, the workload, and the process that made it: machine, pid, and when that process was made.
FOLDER = "io.chamber.local.folder"
WORKLOAD = "io.chamber.local.workload"
_OWNER = "io.chamber.local.owner"


def labels_of(folder: Path, workload_id: str) -> dict[str, str]:
    """The labels of what this process makes for a workload."""
    owner = f"{platform.node()}/{os.getpid()}/{psutil.Process().create_time():.2f}"
    return {FOLDER: str(folder), WORKLOAD: workload_id, _OWNER: owner}


def is_left(labels: Mapping[str, str], folder: Path) -> bool:
    """True for what a Chamber left that is gone: one of this folder, which is ours alone, or of this machine."""
    return labels.get(FOLDER) == str(folder) or _is_gone(labels.get(_OWNER, ""))


def _is_gone(owner: str) -> bool:
    node, pid, created = ("/", "", *owner.split("/"))[-3:]
    if node != platform.node() or not pid.isdecimal():
        return False
    try:
        return f"{psutil.Process(int(pid)).create_time():.2f}" != created
    except psutil.NoSuchProcess:
        return True
    except psutil.Error:
        return False
