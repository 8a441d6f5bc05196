"""Answers kept by Idempotency-Key, so that a repeated submission is answered and not repeated."""

import sqlite3
from datetime import datetime, timedelta

import msgspec

from chamber.local.storage.rows import insert, to_struct

__all__ = ["Reply", "add", "find"]

#: How long a key is remembered (draft-ietf-httpapi-idempotency-key-header, section 2.3: the server says).
KEPT = timedelta(hours=24)


class Reply(msgspec.Struct, frozen=True):
    """The answer that a key got. `fingerprint` tells another payload under the same key."""

    key: str
    fingerprint: str
    workload_id: str
    body: bytes
    created_at: datetime


def add(connection: sqlite3.Connection, reply: Reply) -> None:
    """Keeps an answer, in place of one that was kept too long."""
    connection.execute("DELETE FROM replies WHERE key = ?", (reply.key,))
    insert(connection, "replies", reply)


def find(connection: sqlite3.Connection, key: str, now: datetime) -> Reply | None:
    """The answer that the key got, or None."""
    row = connection.execute("SELECT * FROM replies WHERE key = ?", (key,)).fetchone()
    reply = to_struct(Reply, row) if row else None
    return reply if reply and now - reply.created_at < KEPT else None
