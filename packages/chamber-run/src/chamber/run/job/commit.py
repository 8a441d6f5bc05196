"""Which commit a project is, when it is exactly that."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["clean_commit"]

_SECONDS = 10.0
_SAFE = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.untrackedCache=false")
_PASSED_ON = ("PATH", "HOME", "SYSTEMROOT", "XDG_CONFIG_HOME")


def clean_commit(directory: Path) -> str | None:
    """The commit that the folder is at; None where anything in it differs, without git, and outside a repository.

    Takes git's word for it (git-scm.com: git-status, "Porcelain Format Version 2"). The repository's monitor and hooks
    are not run, and its index is not written.
    """
    command = ("git", *_SAFE, "status", "--porcelain=v2", "--branch", "--untracked-files=normal", "--", ".")
    env = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    env |= {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            command,
            cwd=directory,
            env=env,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            check=False,
            timeout=_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return _clean(done.stdout.decode(errors="replace").splitlines()) if done.returncode == 0 else None


def _clean(lines: list[str]) -> str | None:
    """The commit of a status that tells of no change. A repository without one has ``(initial)`` in its place."""
    if any(not line.startswith("#") for line in lines):
        return None
    commits = [line.removeprefix(_COMMIT) for line in lines if line.startswith(_COMMIT)]
    return next((commit for commit in commits if commit.isalnum()), None)


_COMMIT = "# branch.oid "
