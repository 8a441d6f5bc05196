"""The data folder: private to its user, used by one Chamber at a time, and the token that lives in it."""

import contextlib
import fcntl
import hmac
import os
import secrets
import tempfile
from pathlib import Path

import msgspec

from chamber.core import writing
from chamber.core.errors import ConfigurationError
from chamber.core.unreadable import UNREADABLE

__all__ = ["DataFolder", "write_private"]


class _Identity(msgspec.Struct):
    """The first user's token, and those of others by their names."""

    token: str
    users: dict[str, str] = {}


class DataFolder:
    """A data folder, held until closed. Without a path it is a temporary one, removed when closed."""

    def __init__(self, path: Path | None) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="chamber-local-") if path is None else None
        self.path: Path = Path(self._temporary.name if self._temporary else path or "").resolve()
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path.chmod(0o700)
        self._lock = _lock(self.path)
        for name in ("logs", "runs", "environments"):
            (self.path / name).mkdir(exist_ok=True, mode=0o700)
        self._identity = _identity(self.path / "identity.json")

    @property
    def token(self) -> str:
        """The token of the first user."""
        return self._identity.token

    def token_of(self, user: str) -> str:
        """The token of another user, made and kept when they have none yet."""
        if user not in self._identity.users:
            self._identity.users[user] = _new_token()
            write_private(self.path / "identity.json", msgspec.json.encode(self._identity))
        return self._identity.users[user]

    def pull_token(self, organization_id: str) -> str:
        """The token that pulls an organization's images from the registry, for executors."""
        made = hmac.new(self.token.encode(), f"pull {organization_id}".encode(), "sha256")
        return f"chp.{made.hexdigest()}"

    @property
    def lasts(self) -> bool:
        """Whether it is there when it was closed."""
        return self._temporary is None

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.path / "chamber.sqlite3"

    @property
    def logs(self) -> Path:
        """The folder of the workloads' output."""
        return self.path / "logs"

    def close(self) -> None:
        """Lets go of it."""
        os.close(self._lock)
        if self._temporary:
            with contextlib.suppress(OSError):
                self._temporary.cleanup()


def write_private(path: Path, content: bytes) -> None:
    """Writes a file that only its owner may read, as a whole or not at all."""
    writing.clear(path.parent)
    writing.write(path, content)


def _lock(folder: Path) -> int:
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise ConfigurationError(f"data_dir={folder} is in use by another Chamber: stop it, or take another") from error
    return descriptor


def _new_token() -> str:
    return f"ch.{secrets.token_urlsafe(32)}"


def _identity(path: Path) -> _Identity:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Identity)
    except FileNotFoundError:
        identity = _Identity(_new_token())
    except UNREADABLE as error:
        raise ConfigurationError(f"{path} cannot be read: {error}; remove it to get a new token") from error
    write_private(path, msgspec.json.encode(identity))
    return identity
