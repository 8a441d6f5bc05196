"""What was sent and not yet acknowledged, kept on disk so that a crash loses nothing.

One small file for each submission under way, in ``~/.chamber/submissions``: written whole and flushed before the
request is sent, locked while its process lives, removed when the API has said yes or no. It holds no secrets.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import fnmatch
import hashlib
import os
import time
import weakref
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import msgspec

from chamber.core import settings, writing
from chamber.core.errors import ChamberError, ConfigurationError, TransportError
from chamber.core.logs import logger

__all__ = ["Entry", "Intent", "Journal", "payload_hash"]

#: What is written today. Version 1 had no `digest` and no `version`.
_VERSION = 2
#: Seconds after which an unfinished file is what a crash left behind.
_ABANDONED = 3600.0

_NO_DESCRIPTOR = (errno.EMFILE, errno.ENFILE)

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
    #: What a run was made from; None: no run made it.
    digest: str | None = None
    version: int = 1


class Entry:
    """An intent that this process holds: no other process takes it up until `release`, or the end of this one."""

    def __init__(self, intent: Intent, file: Path | None = None, descriptor: int | None = None) -> None:
        self.intent = intent
        #: Where it is kept; None: it could not be written, and a crash loses it.
        self.file: Path | None = file
        self._descriptor = descriptor
        _held.add(self)

    def settle(self) -> None:
        """The submission was acknowledged or refused: nothing of it is kept."""
        if self.file is not None and self._descriptor is not None:
            with contextlib.suppress(OSError):
                _remove(self.file, self._descriptor)
        self.release()

    def release(self) -> None:
        """The submission is no longer under way here. What was not settled, stays for whoever asks next."""
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        self.abandon()

    def abandon(self) -> None:
        """As at the end of this process, and of no other that has its descriptor."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def __del__(self) -> None:
        self.abandon()


class Journal:
    """The intents of this user on this machine."""

    def __init__(self, folder: Path | None = None) -> None:
        #: None: this user has no home folder.
        self.folder: Path | None = folder or _usual_folder()

    def write(self, intent: Intent) -> Entry:
        """Keep an intent, and hold it. A disk that refuses is no reason not to submit: it is logged."""
        try:
            return self._written(msgspec.structs.replace(intent, version=_VERSION))
        except OSError as error:
            _log.warning("submission not journalled", external_id=intent.external_id, error=str(error))
            return Entry(intent)

    def forget(self, external_id: str) -> None:
        """The submission was acknowledged or refused."""
        for file in self._files(f"*{_id(external_id)}.json"):
            with contextlib.suppress(OSError):
                file.unlink()

    def find(self, external_id: str) -> Intent | None:
        """The intent of this id, if it was never acknowledged."""
        return next((intent for file in self._files(f"*{_id(external_id)}.json") if (intent := _read(file))), None)

    def pending(self) -> list[Intent]:
        """Every intent that was never acknowledged, oldest first; also those of submissions that are under way."""
        self._sweep()
        intents = (_read(file) for file in self._files("*.json"))
        return sorted((intent for intent in intents if intent), key=lambda intent: intent.time)

    def claim(self, external_id: str) -> Entry | None:
        """The intent of this id, if it was never acknowledged and no process holds it; it is held from now on."""
        return next(self._claimed(f"*{_id(external_id)}.json"), None)

    def claim_run(self, digest: str, api_url: str, organization_id: str | None) -> Entry | None:
        """The oldest intent of a run with this digest, as `claim` does: one whose process was killed or gave up."""
        self._sweep()
        entries = list(self._claimed(f"{_scope(digest, api_url, organization_id)}.*.json"))
        oldest = min(entries, key=lambda entry: entry.intent.time, default=None)
        for entry in entries:
            if entry is not oldest:
                entry.release()
        return oldest

    def _written(self, intent: Intent) -> Entry:
        if self.folder is None:
            raise FileNotFoundError("this user has no home folder")
        writing.make_private(self.folder)
        import tempfile

        descriptor, unfinished = tempfile.mkstemp(".tmp", ".", self.folder)
        try:
            _lock(descriptor)
            _fill(descriptor, msgspec.json.encode(intent))
            Path(unfinished).replace(file := self.folder / _name(intent))
        except BaseException:
            os.close(descriptor)
            with contextlib.suppress(OSError):
                Path(unfinished).unlink()
            raise
        writing.sync_names(self.folder)
        return Entry(intent, file, descriptor)

    def _claimed(self, pattern: str) -> Iterator[Entry]:
        return (entry for file in self._files(pattern) if (entry := _claim(file)))

    def _files(self, pattern: str) -> list[Path]:
        if self.folder is None:
            return []
        try:
            names = [file.name for file in self.folder.iterdir()]  # unlike glob() it says why it cannot
        except (FileNotFoundError, NotADirectoryError, PermissionError):  # there is none, or it is another user's
            return []
        except OSError as error:
            raise _unreadable(self.folder, error) from None
        return [self.folder / name for name in sorted(fnmatch.filter(names, pattern))]

    def _sweep(self) -> None:
        """Remove what was being written when a process was killed: nothing had been sent of it."""
        with contextlib.suppress(OSError):
            for file in self._files(".*.tmp"):
                if time.time() - file.stat().st_mtime > _ABANDONED:
                    file.unlink()


def payload_hash(fields: dict[str, Any]) -> str:
    """SHA-256 of a submission's fields, in hexadecimal."""
    return hashlib.sha256(msgspec.json.encode(fields, order="sorted")).hexdigest()


def _usual_folder() -> Path | None:
    try:
        return settings.home() / "submissions"
    except ConfigurationError:
        return None


def _name(intent: Intent) -> str:
    """What the file of an intent is called: a run's begins with what it can be found by."""
    scope = f"{_scope(intent.digest, intent.api_url, intent.organization_id)}." if intent.digest else ""
    return f"{scope}{_id(intent.external_id)}.json"


def _id(external_id: str) -> str:
    return hashlib.sha256(external_id.encode()).hexdigest()[:32]


def _scope(digest: str, api_url: str, organization_id: str | None) -> str:
    return payload_hash({"digest": digest, "api_url": api_url, "organization_id": organization_id})[:32]


def _fill(descriptor: int, content: bytes) -> None:
    with os.fdopen(descriptor, "wb", closefd=False) as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def _remove(file: Path, descriptor: int) -> None:
    """Unlink the open file, unless somebody wrote an intent under the same external id since.

    Where its folder does not allow that, it is emptied, which says as much.
    """
    if os.path.samestat(file.stat(), os.fstat(descriptor)):
        try:
            file.unlink()
        except OSError:
            os.ftruncate(descriptor, 0)


def _claim(file: Path) -> Entry | None:
    """The intent in a file, held; None when another process holds it, or it was settled meanwhile."""
    try:
        descriptor = os.open(file, os.O_RDWR)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable(file, error) from None
    try:
        intent = _read(file) if _lock(descriptor) else None
        if intent is not None and os.path.samestat(file.stat(), os.fstat(descriptor)):
            return Entry(intent, file, descriptor)
    except FileNotFoundError:
        pass
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def _lock(descriptor: int) -> bool:
    """Whether the file is this process's now. Where files cannot be locked nobody holds one, and nobody takes one up.

    The lock ends with the process, however that ends (flock(2)).
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _read(file: Path) -> Intent | None:
    """The intent in a file; None for none, and for an empty file: nothing was sent yet, or it was settled."""
    try:
        content = file.read_bytes()
        if not content:
            return None
        intent = msgspec.json.decode(content, type=Intent)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise _unreadable(file, error) from None
    if intent.version > _VERSION:
        raise ConfigurationError(f"{file} was written by a newer chamber-core: update this one")
    return intent


def _unreadable(file: Path, error: Exception) -> ChamberError:
    if isinstance(error, OSError) and error.errno in _NO_DESCRIPTOR:
        raised = TransportError("This process has no file descriptor left: close files, or raise its limit (ulimit -n)")
        raised.sent = False
        return raised
    return ConfigurationError(f"{file} cannot be read ({error}): look at it, and move it away")


def _let_go() -> None:
    """In a forked child: its copies of the descriptors would hold the parent's intents beyond the parent's end."""
    for entry in list(_held):
        entry.abandon()


_held: weakref.WeakSet[Entry] = weakref.WeakSet()
os.register_at_fork(after_in_child=_let_go)
