"""Whose token it is and where it is from, as far as can be told without asking; the file that keeps it."""

from __future__ import annotations

import base64
import binascii
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from chamber.core.redaction import Secret

__all__ = ["Identity", "forget", "keep", "token_file", "told_by"]


class Identity(NamedTuple):
    """What is known of a token. The claims of a JWT are as it has them: the API alone checks them."""

    api_url: str
    organization_id: str | None
    #: The variable or the file that has the token.
    source: str
    kind: str
    user: str | None = None
    email: str | None = None
    expires_at: datetime | None = None
    #: Whether the API takes it; None: that was not asked.
    accepted: bool | None = None


def token_file() -> Path:
    """Where the token is kept."""
    from chamber.core.settings import home

    return home() / "token.json"


def keep(token: Secret) -> None:
    """Keep a token in place of the one before it, for its owner alone.

    Raises ConfigurationError: the file cannot be written.
    """
    from chamber.core.settings import updating

    file = token_file()
    with updating(file) as content:
        content.clear()
        content["access_token"] = token.reveal()
    file.chmod(0o600)


def forget() -> bool:
    """Keep no token; whether there was one."""
    from chamber.core.settings import updating

    file = token_file()
    if not file.exists():
        return False
    with updating(file) as content:
        had = bool(content)
        content.clear()
    return had


def told_by(token: Secret, api_url: str, organization_id: str | None) -> Identity:
    """What a token says of itself."""
    claims = _claims(token)
    if claims is None:
        return Identity(api_url, organization_id, _source(token), "API token")
    user, email = (_text(claims, *names) for names in (("name", "sub"), ("email",)))
    return Identity(api_url, organization_id, _source(token), "JWT", user, email, _time(claims.get("exp")))


def _source(token: Secret) -> str:
    from chamber.core.settings import read_json

    if "CHAMBER_TOKEN" in os.environ:
        return "CHAMBER_TOKEN"
    stored = read_json(token_file())
    if token.reveal() in {stored.get("access_token"), stored.get("accessToken")}:
        return str(token_file())
    asks = "credential_process" in read_json(token_file().with_name("config.json"))
    return "the credential_process" if asks else "a plugin"


def _claims(token: Secret) -> dict[str, Any] | None:
    """The payload of a JWT (RFC 7519, 3), unchecked."""
    parts = token.reveal().split(".")
    if len(parts) != 3 or not parts[0].startswith("eyJ"):
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return None
    return claims if isinstance(claims, dict) else None


def _text(claims: dict[str, Any], *names: str) -> str | None:
    return next((value for name in names if isinstance(value := claims.get(name), str)), None)


def _time(seconds: object) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int | float) else None
    except (OverflowError, OSError, ValueError):
        return None
