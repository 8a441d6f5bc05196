"""What the registry knows: which repository has which blobs, manifests and tags."""

import sqlite3

import msgspec

from chamber.local.storage.rows import insert, to_struct

__all__ = [
    "StoredManifest",
    "add_blob",
    "add_manifest",
    "find_manifest",
    "has_blob",
    "repository_exists",
    "tags",
]


class StoredManifest(msgspec.Struct, frozen=True):
    """A manifest as it was pushed, byte for byte."""

    repository: str
    digest: str
    media_type: str
    content: bytes


def add_blob(connection: sqlite3.Connection, repository: str, digest: str) -> None:
    """Makes a blob part of a repository."""
    connection.execute("INSERT OR IGNORE INTO repository_blobs VALUES (?, ?)", (repository, digest))


def has_blob(connection: sqlite3.Connection, repository: str, digest: str) -> bool:
    """True when the repository has the blob."""
    found = connection.execute(
        "SELECT 1 FROM repository_blobs WHERE repository = ? AND digest = ?", (repository, digest)
    )
    return found.fetchone() is not None


def add_manifest(connection: sqlite3.Connection, manifest: StoredManifest, tag: str | None) -> None:
    """Keeps a manifest, and points a tag at it."""
    connection.execute(
        "DELETE FROM manifests WHERE repository = ? AND digest = ?", (manifest.repository, manifest.digest)
    )
    insert(connection, "manifests", manifest)
    if tag is not None:
        connection.execute("INSERT OR REPLACE INTO tags VALUES (?, ?, ?)", (manifest.repository, tag, manifest.digest))


def find_manifest(connection: sqlite3.Connection, repository: str, reference: str) -> StoredManifest | None:
    """A manifest by tag or digest, or None."""
    row = connection.execute(
        "SELECT * FROM manifests WHERE repository = :repository AND (digest = :reference OR digest = "
        "(SELECT digest FROM tags WHERE repository = :repository AND tag = :reference))",
        {"repository": repository, "reference": reference},
    ).fetchone()
    return to_struct(StoredManifest, row) if row else None


def repository_exists(connection: sqlite3.Connection, repository: str) -> bool:
    """True when anything was ever pushed to it."""
    found = connection.execute(
        "SELECT 1 FROM manifests WHERE repository = :r "
        "UNION SELECT 1 FROM repository_blobs WHERE repository = :r LIMIT 1",
        {"r": repository},
    )
    return found.fetchone() is not None


def tags(connection: sqlite3.Connection, repository: str, after: str, limit: int) -> tuple[str, ...]:
    """Tags behind `after`, in lexical order; a negative `limit` is none."""
    rows = connection.execute(
        "SELECT tag FROM tags WHERE repository = ? AND tag > ? ORDER BY tag LIMIT ?", (repository, after, limit)
    )
    return tuple(row["tag"] for row in rows)
