"""Which Chambers run on this machine: one private file for each, which the plugin reads."""

import contextlib
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import msgspec
import psutil

from chamber.core import settings
from chamber.local.folder import write_private

__all__ = ["Record", "find", "remove", "running", "told_of", "write"]

_logger = logging.getLogger(__name__)


class Record(msgspec.Struct, frozen=True):
    """What is known of one running Chamber."""

    registry: str
    api_url: str
    token: str
    pid: int
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
        return f"Record(registry={self.registry!r}, api_url={self.api_url!r}, token='***', pid={self.pid})"


def write(address: str, token: str, *, tokens: Mapping[str, str] = MappingProxyType({})) -> None:
    """Records that this process serves at host:port; without a place to write to, run() has to be told."""
    record = Record(address, f"http://{address}/v1", token, os.getpid(), dict(tokens))
    try:
        _folder().mkdir(parents=True, exist_ok=True, mode=0o700)
        _folder().chmod(0o700)
        write_private(_file(address), msgspec.json.encode(record))
    except OSError as error:
        _logger.warning("%s cannot be written, so run() will not find this Chamber by itself: %s", _folder(), error)


def told_of(address: str) -> None:
    """Marks a Chamber as a program of its own."""
    record = _read(_file(address))
    if record is not None:
        with contextlib.suppress(OSError):
            write_private(_file(address), msgspec.json.encode(msgspec.structs.replace(record, command=True)))


def remove(address: str) -> None:
    """Forgets a Chamber that stopped."""
    with contextlib.suppress(OSError):
        _file(address).unlink()


def running() -> tuple[Record, ...]:
    """The Chambers of this user that run now."""
    found = (_read(file) for file in sorted(_folder().glob("*.json")))
    return tuple(record for record in found if record and psutil.pid_exists(record.pid))


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
    except (OSError, msgspec.DecodeError):
        return None
