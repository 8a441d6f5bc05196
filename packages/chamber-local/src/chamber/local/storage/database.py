"""SQLite in WAL mode: one thread that writes, one that reads.

A write has reached the disk when it returns (``synchronous=FULL``), so what was acknowledged survives a crash; where
the file is removed with its Chamber, nothing waits for the disk.
"""

import asyncio
import contextlib
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from chamber.local.storage.masks import Connection
from chamber.local.storage.migrations import migrate

__all__ = ["Database"]

P = ParamSpec("P")
R = TypeVar("R")
Work = tuple[Callable[[sqlite3.Connection], Any], "Future[Any]"]


class Database:
    """One SQLite file. Work is a function whose first parameter is the connection."""

    def __init__(self, path: Path, *, lasting: bool = True) -> None:
        synchronous = "FULL" if lasting else "OFF"
        self._writer = _Worker(path, "BEGIN IMMEDIATE", synchronous)
        try:
            self._writer.submit(migrate).result()
        except BaseException:
            self._writer.close()
            raise
        self._reader = _Worker(path, "BEGIN", synchronous)

    async def write(
        self, work: Callable[Concatenate[sqlite3.Connection, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Runs `work` in a transaction, which is undone when it raises."""
        future = self._writer.submit(lambda connection: work(connection, *args, **kwargs))
        return cast("R", await asyncio.wrap_future(future))

    async def read(self, work: Callable[Concatenate[sqlite3.Connection, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Runs `work` on one consistent state."""
        future = self._reader.submit(lambda connection: work(connection, *args, **kwargs))
        return cast("R", await asyncio.wrap_future(future))

    def close(self) -> None:
        """Finishes what was asked for, then closes the file."""
        self._reader.close()
        self._writer.close()


class _Worker:
    """A connection and the one thread that uses it; a daemon, so that it never holds up the interpreter's exit."""

    def __init__(self, path: Path, begin: str, synchronous: str) -> None:
        self._path, self._begin, self._synchronous = path, begin, synchronous
        self._work: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="chamber-local-sqlite", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[sqlite3.Connection], Any]) -> "Future[Any]":
        future: Future[Any] = Future()
        self._work.put((work, future))
        return future

    def close(self) -> None:
        self._work.put(None)
        self._thread.join()

    def _run(self) -> None:
        with contextlib.closing(_connect(self._path, self._synchronous)) as connection:
            while (item := self._work.get()) is not None:
                self._perform(connection, *item)

    def _perform(
        self, connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], Any], future: "Future[Any]"
    ) -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            connection.execute(self._begin)
            with connection:
                result = work(connection)
        except Exception as error:
            future.set_exception(error)
        else:
            future.set_result(result)


def _connect(path: Path, synchronous: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, factory=Connection)
    connection.row_factory = sqlite3.Row
    connection.executescript(
        f"PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous}; "
        "PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000;"
    )
    return connection
