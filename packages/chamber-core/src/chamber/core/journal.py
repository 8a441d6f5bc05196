"""What was sent and not yet acknowledged, kept on disk so that a crash loses nothing.

One small file for each submission under way, in ``~/.chamber/submissions``: written and flushed before the request is
sent, removed when the API has said yes or no. It holds no secrets.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from chamber.core import settings
from chamber.core.errors import ConfigurationError
from chamber.core.logs import logger

__all__ = ["Intent", "Journal", "payload_hash"]

_log = logger(__name__)


class Intent(msgspec.Struct, frozen=True):
    """A submission that may have been sent."""

    external_id: str
    name: str
    #: SHA-256 of what was to be submitted.
    payload: str
    api_url: str
    organization_id: str | None
    time: datetime


class Journal:
    """The intents of this user on this machine."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder: Path = folder or settings.home() / "submissions"

    def write(self, intent: Intent) -> None:
        """Keep an intent. A disk that refuses is no reason not to submit: it is logged."""
        try:
            self._write(intent)
        except OSError as error:
            _log.warning("submission not journalled", external_id=intent.external_id, error=str(error))

    def forget(self, external_id: str) -> None:
        """The submission was acknowledged or refused."""
        with contextlib.suppress(OSError):
            self._file(external_id).unlink()

    def find(self, external_id: str) -> Intent | None:
        """The intent of this id, if it was never acknowledged."""
        return _read(self._file(external_id))

    def pending(self) -> list[Intent]:
        """Every intent that was never acknowledged, oldest first."""
        files = sorted(self.folder.glob("*.json")) if self.folder.is_dir() else []
        intents = (_read(file) for file in files)
        return sorted((intent for intent in intents if intent), key=lambda intent: intent.time)

    def _write(self, intent: Intent) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._file(intent.external_id), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(intent))
            file.flush()
            os.fsync(file.fileno())

    def _file(self, external_id: str) -> Path:
        return self.folder / f"{hashlib.sha256(external_id.encode()).hexdigest()[:32]}.json"


def payload_hash(fields: dict[str, Any]) -> str:
    """SHA-256 of a submission's fields, in hexadecimal."""
    return hashlib.sha256(msgspec.json.encode(fields, order="sorted")).hexdigest()


def _read(file: Path) -> Intent | None:
    try:
        return msgspec.json.decode(file.read_bytes(), type=Intent)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        raise ConfigurationError(f"{file} cannot be read ({error}): look at it, and move it away") from None
