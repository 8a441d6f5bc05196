"""What a program is advised to write, as what is typed for it."""

from __future__ import annotations

import re

__all__ = ["advised", "typed"]

_Rows = tuple[tuple[re.Pattern[str], str], ...]


def typed(message: str) -> str:
    """A message with commands in place of calls."""
    return _replaced(message, _CALLS)


def advised(step: str) -> str:
    """A step that an explanation advises, with commands in place of calls and options in place of arguments."""
    return _replaced(step, (*_CALLS, *_ARGUMENTS))


def _replaced(text: str, rows: _Rows) -> str:
    for written, command in rows:
        text = written.sub(command, text)
    return text


def _rows(*pairs: tuple[str, str]) -> _Rows:
    return tuple((re.compile(written), command) for written, command in pairs)


_CALLS = _rows(
    (r"client\.resolve_submission\((['\"])(.*?)\1\)", r"`chamber submissions resolve \2`"),
    (r"client\.get_capacity\((['\"])(.*?)\1\)", r"`chamber capacity --team \2`"),
    (r"client\.get_capacity\(\)", "`chamber capacity`"),
    (r"client\.logs\((['\"])(.*?)\1\)", r"`chamber logs \2`"),
    (r"client\.logs\((['\"])(.*?)\1, follow=True\)", r"`chamber logs -f \2`"),
    (r"client\.doctor\(\)", "`chamber doctor`"),
    (r"client\.plan\(\) shows what run\(\)", "`chamber run --dry-run` shows what a run"),
    (r'run\(on_preempted="resubmit"\)', "`chamber run --wait --on-preempted resubmit`"),
    (r'run\(shm_size="(.*?)"\)', r"`chamber run --shm-size \1`"),
    (r'run\(memory="(.*?)"\)', r"`chamber run --memory \1`"),
)
_ARGUMENTS = _rows(
    (r'env=\{"(\w+)": "(\w+)"\}', r"--env \1=\2"),
    (r"\bmemory=", "--memory"),
    (r"\bimage_pull_secrets=", "--image-pull-secret"),
    (r"\bextra_pip_packages\b", "--pip"),
    (r"\bgpu_type\b", "GPU type"),
)
