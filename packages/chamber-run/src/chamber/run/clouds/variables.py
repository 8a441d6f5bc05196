"""Logins that CI systems keep in environment variables."""

from __future__ import annotations

import os

__all__ = ["pair"]


def pair(username: str, password: str) -> tuple[str, str] | None:
    """The values of two variables; None: one of them is not set, or empty."""
    found = os.environ.get(username, ""), os.environ.get(password, "")
    return found if all(found) else None
