"""The folder of Chamber's own files, and the JSON files that are read there and elsewhere."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

from chamber.core.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

__all__ = ["home", "read_json", "read_token_file", "read_trusted"]

#: Bytes; no settings are as long.
_MOST = 16 << 20
#: What is done about a token that others can read: refuse, or warn.
_CHECK = "CHAMBER_TOKEN_FILE_CHECK"


def home(config_dir: str | os.PathLike[str] | None = None, environment: Mapping[str, str] = os.environ) -> Path:
    """The folder of Chamber's own files: `config_dir`, else CHAMBER_CONFIG_DIR, else ``~/.chamber``.

    Raises ConfigurationError: none is named, and the user has no home folder.
    """
    chosen = config_dir or environment.get("CHAMBER_CONFIG_DIR")
    try:
        return Path(chosen) if chosen else Path.home() / ".chamber"
    except RuntimeError:
        raise ConfigurationError("This user has no home folder: set HOME or CHAMBER_CONFIG_DIR") from None


def read_json(file: Path, loads: Callable[[str], Any] = json.loads) -> dict[str, Any]:
    """The object in a JSON file; empty when there is no such file.

    Raises ConfigurationError: the file cannot be read, or holds something else than a JSON object.
    """
    return _object(file, loads, lambda _: None)


def read_token_file(file: Path, environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """The same of a file that nobody but its owner may read, who is this user.

    With CHAMBER_TOKEN_FILE_CHECK=warn another file is used too, and that is logged.

    Raises ConfigurationError: the file cannot be read or holds no JSON object, or others can read it.
    """

    def check(facts: os.stat_result) -> None:
        if (why := _not_private(facts)) is not None:
            _refuse(file, why, environment)

    return _object(file, json.loads, check)


def read_trusted(file: Path) -> dict[str, Any]:
    """The same of a file that names a program, which nobody but its owner may write, who is this user.

    Raises ConfigurationError: the file cannot be read or holds no JSON object, or others can write it.
    """

    def check(facts: os.stat_result) -> None:
        if facts.st_uid != os.geteuid() or facts.st_mode & 0o022:
            raise ConfigurationError(
                f"{file} can be written by other users, so no program that it names is run: "
                "make it yours and chmod 600 it"
            )

    return _object(file, json.loads, check)


def _object(file: Path, loads: Callable[[str], Any], check: Callable[[os.stat_result], None]) -> dict[str, Any]:
    try:
        content = loads(_bytes(file, check).decode())
    except FileNotFoundError:
        return {}
    except ConfigurationError:
        raise
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not JSON"
        raise ConfigurationError(f"{file} cannot be read ({reason}): repair it, or move it away") from None
    if not isinstance(content, dict):
        raise ConfigurationError(f"{file} holds no JSON object: repair it, or move it away")
    return content


def _bytes(file: Path, check: Callable[[os.stat_result], None]) -> bytes:
    """What is in a file, which is no pipe that nobody writes to, nor a device without an end."""
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
    try:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            raise ConfigurationError(f"{file} is no regular file: move it away")
        check(facts)
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            content = stream.read(_MOST + 1)
    finally:  # os.fdopen leaves the descriptor of a folder open
        os.close(descriptor)
    if len(content) > _MOST:
        raise ConfigurationError(f"{file} is larger than {_MOST >> 20} MiB: repair it, or move it away")
    return content


def _not_private(facts: os.stat_result) -> str | None:
    if facts.st_uid != os.geteuid():
        return "belongs to another user"
    return "can be read or written by other users" if facts.st_mode & 0o077 else None


def _refuse(file: Path, why: str, environment: Mapping[str, str]) -> None:
    wanted = environment.get(_CHECK) or "refuse"
    if wanted not in {"refuse", "warn"}:
        raise ConfigurationError(f"{_CHECK} is refuse or warn, not {wanted!r}")
    if wanted == "refuse":
        raise ConfigurationError(
            f"{file} {why}, so its token is not used: make it yours and chmod 600 it, "
            f"or set CHAMBER_TOKEN; {_CHECK}=warn uses it as it is"
        )
    from chamber.core.logs import logger

    logger(__name__).warning(f"token file {why}", file=str(file))
