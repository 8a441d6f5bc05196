"""Changes a JSON file that other tools, processes and threads change too, so that no change is lost.

The command line keeps ``config.json`` and ``token.json`` with it, and `run()` the registries.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from pathlib import Path

from chamber.core import writing
from chamber.core.errors import ConfigurationError
from chamber.core.settings.files import read_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

__all__ = ["updating"]

#: Seconds: how long another process may take to write, and between two looks whether it has.
_PATIENCE = 30.0
_LOOK = 0.01


@contextmanager
def updating(file: Path) -> Iterator[dict[str, Any]]:
    """The object in a JSON file, to be changed; when the block ends, it is written back as a whole.

    Meanwhile no other process or thread that asks here changes it. What the block does not touch stays, in its order.
    A file that is not there is made, for its owner alone; a link is followed. Blocks for at most 30 seconds.

    Raises ConfigurationError: the file cannot be read or written, holds no JSON object, or holds what would not be the
    same when it is written back. It is then as it was, as it is when the block raises.
    """
    target = Path(os.path.realpath(file))
    with _alone(file, target):
        content = _read(file)
        before = _bytes(file, content)
        yield content
        after = _bytes(file, content)
        if after != before or not target.exists():
            _put(file, target, after)


@contextmanager
def _alone(file: Path, target: Path) -> Iterator[None]:
    from filelock import FileLock, Timeout

    lock = FileLock(f"{target}.lock", timeout=_PATIENCE, poll_interval=_LOOK, mode=0o600)
    try:
        writing.make_private(target.parent)
        lock.acquire()
    except Timeout:
        raise ConfigurationError(f"{file} is being written by another process: try again") from None
    except (OSError, NotImplementedError) as error:
        raise _unwritable(file, error) from None
    try:
        yield
    finally:
        lock.release()


def _put(file: Path, target: Path, content: bytes) -> None:
    try:
        writing.clear(target.parent, target.name, seconds=0)  # nobody else writes: whoever began has died
        writing.write(target, content)
    except OSError as error:
        raise _unwritable(file, error) from None


def _unwritable(file: Path, error: Exception) -> ConfigurationError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return ConfigurationError(f"{file} cannot be written ({reason}); it is as it was")


def _bytes(file: Path, content: dict[str, Any]) -> bytes:
    try:
        return _text(content).encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which only an escape can tell
        return _text(content, ensure_ascii=True).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigurationError(f"{file} is as it was, as JSON cannot hold what it was to hold: {error}") from None


def _text(content: dict[str, Any], *, ensure_ascii: bool = False) -> str:
    return json.dumps(content, indent=2, ensure_ascii=ensure_ascii, allow_nan=False) + "\n"


class _InexactError(Exception):
    """What would be another when it is written back."""


def _read(file: Path) -> dict[str, Any]:
    try:
        return read_json(file, _exact)
    except _InexactError as error:
        raise ConfigurationError(
            f"{file} holds {error}, which would not stay the same when the file is changed: repair it, or move it away"
        ) from None


def _exact(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_number, parse_float=_float)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _InexactError("a name twice in one object")
    return found


def _no_number(text: str) -> float:
    raise _InexactError(text)


def _float(text: str) -> float:
    from decimal import Decimal, InvalidOperation

    value = float(text)
    try:
        if Decimal(text) == Decimal(repr(value)):
            return value
    except InvalidOperation:  # beyond what even a Decimal holds
        pass
    raise _InexactError(f"the number {text[:40]}")
