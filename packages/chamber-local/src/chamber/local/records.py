"""Which Chambers run on this machine: one private file for each, which the plugin reads."""

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec

from chamber.core import settings, writing
from chamber.core.errors import ConfigurationError
from chamber.core.logs import logger
from chamber.core.unreadable import UNREADABLE
from chamber.local.folder import write_private

__all__ = ["Record", "find", "remove", "running", "told_of", "write"]

_log = logger(__name__)


class Record(msgspec.Struct, frozen=True):
    """What is known of one running Chamber."""

    registry: str
    api_url: str
    token: str
    pid: int
    executor: str = "process"
    #: A token for each organization but the first.
    tokens: dict[str, str] = {}
    #: Whether it is a program of its own, which a signal stops.
    command: bool = False

    def login(self, organization_id: str | None) -> tuple[str, str]:
        """User name and password for the repositories of an organization; by default of the first."""
        if organization_id in self.tokens:
            return str(organization_id), self.tokens[str(organization_id)]
        return "chamber", self.token

    def __repr__(self) -> str:
        said = f"registry={self.registry!r}, api_url={self.api_url!r}, token='***', pid={self.pid}"
        return f"Record({said}, executor={self.executor!r})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("registry", self.registry), ("api_url", self.api_url), ("pid", self.pid)]


def write(
    address: str, token: str, executor: str = "process", *, tokens: Mapping[str, str] = MappingProxyType({})
) -> None:
    """Records that this process serves at host:port; without a place to write to, run() has to be told."""
    record = Record(address, f"http://{address}/v1", token, os.getpid(), executor, dict(tokens))
    try:
        writing.make_private(_folder())
        _folder().chmod(0o700)
        write_private(_file(address), msgspec.json.encode(record))
    except (OSError, ConfigurationError) as error:
        _log.warning(f"the record cannot be written, so run() will not find this Chamber by itself: {error}")


def told_of(address: str) -> None:
    """Marks a Chamber as a program of its own."""
    record = _read(_file(address))
    if record is not None:
        with contextlib.suppress(OSError):
            write_private(_file(address), msgspec.json.encode(msgspec.structs.replace(record, command=True)))


def remove(address: str) -> None:
    """Forgets a Chamber that stopped."""
    with contextlib.suppress(OSError, ConfigurationError):
        _file(address).unlink()


def running() -> tuple[Record, ...]:
    """The Chambers of this user that run now."""
    try:
        files = sorted(_folder().glob("*.json"))
    except ConfigurationError:  # this user has no home folder
        return ()
    found = map(_read, files)
    return tuple(record for record in found if record and _is_alive(record))


def _is_alive(record: Record) -> bool:
    import psutil  # for this question alone, which every run asks where nothing runs here

    return psutil.pid_exists(record.pid)


def find(registry: str | None, api_url: str | None = None) -> Record | None:
    """The running Chamber that `registry` (host:port, or a prefix in it) belongs to; without one, by `api_url`."""
    for record in running():
        if registry is None and api_url is not None and record.api_url == api_url.rstrip("/"):
            return record
        if registry is not None and f"{registry}/".startswith(f"{record.registry}/"):
            return record
    return None


def _folder() -> Path:
    return settings.home() / "local"


def _file(address: str) -> Path:
    host, _, port = address.rpartition(":")
    return _folder() / f"{host.strip('[]')}_{port}.json"


def _read(file: Path) -> Record | None:
    try:
        return msgspec.json.decode(file.read_bytes(), type=Record)
    except (OSError, *UNREADABLE):
        return None
