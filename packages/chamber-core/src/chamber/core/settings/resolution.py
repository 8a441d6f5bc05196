"""Where the token, the URL, the organisation and the timeout come from: arguments, variables, the two files."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path
from urllib.parse import urlsplit

from chamber.core.errors import AuthenticationError, ConfigurationError
from chamber.core.loopback import is_loopback
from chamber.core.redaction import Secret
from chamber.core.settings.credentials import expired, printed_by, token_in
from chamber.core.settings.files import home, read_json, read_token_file, read_trusted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from typing import Any
    from urllib.parse import SplitResult

    TokenSource = Callable[[str], str | None]

__all__ = [
    "DEFAULT_API_URL",
    "Settings",
    "checked_timeout",
    "is_number",
    "resolve",
    "resolve_files",
]

DEFAULT_API_URL = "https://api.usechamber.io/v1"

_TOKEN = re.compile(r"[\x21-\x7e]+")
_ORGANIZATION = re.compile(r"[A-Za-z0-9._~:@-]{1,255}")
_URL = re.compile(r"[\x21-\x5b\x5d-\x7e]+")


class Settings:
    """What a client needs to know before its first call."""

    __slots__ = ("_token_source", "api_url", "organization_id", "timeout", "token")

    def __init__(
        self,
        token: str,
        api_url: str,
        organization_id: str | None = None,
        timeout: float | None = None,
        token_source: TokenSource | None = None,
    ) -> None:
        self.token: Secret = Secret(_checked_token(token))
        self.api_url: str = _checked_url(api_url)
        self.organization_id: str | None = _checked_organization(organization_id)
        #: Seconds for a whole call, retries included; None: the class of call decides.
        self.timeout: float | None = checked_timeout(timeout)
        self._token_source = token_source

    def renew_token(self) -> bool:
        """Ask where the token came from for another; False when there is none."""
        fresh = self._token_source(self.api_url) if self._token_source else None
        if fresh is None or Secret(_checked_token(fresh)) == self.token:
            return False
        self.token = Secret(_checked_token(fresh))
        return True

    def __repr__(self) -> str:
        return f"Settings(api_url={self.api_url!r}, organization_id={self.organization_id!r}, token=***)"


def resolve(
    token: str | None = None,
    api_url: str | None = None,
    organization_id: str | None = None,
    timeout: float | None = None,
    *,
    environment: Mapping[str, str] = os.environ,
    config_dir: str | os.PathLike[str] | None = None,
    token_source: TokenSource | None = None,
) -> Settings:
    """Settings from arguments, then CHAMBER_TOKEN, CHAMBER_API_URL and CHAMBER_ORGANIZATION_ID, then files.

    Where none of these has a token, the program is asked that `credential_process` in ``config.json`` names, or
    without one `token_source`; and again when the API refuses what it gave.

    Raises AuthenticationError: there is no token, or an empty one, or it has expired.
    Raises ConfigurationError: a value is malformed.
    """
    files = _Files(config_dir, environment)
    url = api_url or environment.get("CHAMBER_API_URL") or files.value("api_url") or DEFAULT_API_URL
    organization = organization_id or environment.get("CHAMBER_ORGANIZATION_ID") or files.value("organization_id")
    given = token if token is not None else environment.get("CHAMBER_TOKEN")
    if given is None:
        given = files.token()
    if given is not None:
        return Settings(given, url, organization, timeout)
    source = files.program() or token_source
    found = source(url) if source else None
    if found is None:
        raise files.no_token()
    return Settings(found, url, organization, timeout, source)


def resolve_files(
    config_dir: str | os.PathLike[str] | None = None,
    api_url: str | None = None,
    organization_id: str | None = None,
    timeout: float | None = None,
) -> Settings:
    """Settings from the files in `config_dir` (``~/.chamber``), as the command line's login wrote them.

    Environment variables are not asked: whoever says "from the files" means those.
    """
    files = _Files(config_dir, os.environ)
    url = api_url or files.value("api_url") or DEFAULT_API_URL
    token = files.token()
    source = files.program() if token is None else None
    found = source(url) if source else token
    if found is None:
        raise files.no_token()
    return Settings(found, url, organization_id or files.value("organization_id"), timeout, source)


def checked_timeout(timeout: float | None) -> float | None:
    """`timeout` when it is None or a positive number of seconds.

    Raises ConfigurationError: it is anything else.
    """
    if timeout is None:
        return None
    if not is_number(timeout) or timeout <= 0:
        raise ConfigurationError(f"timeout is a positive number of seconds, not {timeout!r}")
    return float(timeout)


def is_number(value: object) -> bool:
    """Whether a value is a finite number, and not True or False."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


class _Files:
    """The two files, each read when first asked for. A user without a home folder has none."""

    def __init__(self, config_dir: str | os.PathLike[str] | None, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._expired: datetime | None = None
        try:
            self._folder: Path | None = home(config_dir, environment)
        except ConfigurationError:
            self._folder = None

    def token(self) -> str | None:
        content = read_token_file(self._folder / "token.json", self._environment) if self._folder else {}
        self._expired = expired(content)
        return token_in(content) if self._expired is None else None

    def program(self) -> TokenSource | None:
        """Whom `credential_process` names."""
        file = self._file("config.json")
        command = read_json(file).get("credential_process") if self._folder else None
        if command is None:
            return None
        return lambda _api_url: printed_by(read_trusted(file).get("credential_process"), file)

    def no_token(self) -> AuthenticationError:
        if self._expired is not None:
            return AuthenticationError(
                f"The token in {self._file('token.json')} expired on {self._expired:%Y-%m-%d %H:%M} UTC: log in again, "
                "pass ChamberClient(token=...), or set CHAMBER_TOKEN"
            )
        return AuthenticationError(
            "No Chamber token was found. Pass ChamberClient(token=...), or set CHAMBER_TOKEN, "
            f"or log in so that {self._file('token.json')} holds an access_token"
        )

    def value(self, key: str) -> str | None:
        value = read_json(self._folder / "config.json").get(key) if self._folder else None
        if value is None or isinstance(value, str):
            return value or None
        raise ConfigurationError(f"{self._file('config.json')}: {key} is a text, not {type(value).__name__}")

    def _file(self, name: str) -> Path:
        return (self._folder or Path("~/.chamber")) / name


def _checked_token(token: object) -> str:
    token = token.reveal() if isinstance(token, Secret) else token
    if not isinstance(token, str) or not token.strip():
        raise AuthenticationError(
            "The Chamber token is empty. Pass ChamberClient(token=...) or set CHAMBER_TOKEN to a token, "
            "or unset it so that ~/.chamber/token.json is read"
        )
    if not _TOKEN.fullmatch(token.strip()):
        raise AuthenticationError("The Chamber token has characters that no token has: copy it again")
    return token.strip()


def _checked_organization(organization_id: Any) -> str | None:
    if organization_id is None or (isinstance(organization_id, str) and _ORGANIZATION.fullmatch(organization_id)):
        return organization_id
    raise ConfigurationError(f"{organization_id!r} is not an organization id")


def _checked_url(url: str) -> str:
    parts = _parts(url)
    if parts is None or (parts.scheme == "http" and not is_loopback(parts.hostname)):
        what = "would send the token in the clear: use https" if parts else "is not the URL of an API"
        raise ConfigurationError(f"{url!r} {what}; it looks like {DEFAULT_API_URL}")
    return url.strip().rstrip("/")


def _parts(url: object) -> SplitResult | None:
    """The parts of a URL; None when it is none. What may hold a secret is never repeated in an error."""
    if not isinstance(url, str):
        return None
    if "@" in url:
        raise ConfigurationError("An API URL holds no user or password: pass the token as token=...")
    if "?" in url or "#" in url:
        raise ConfigurationError("An API URL ends with its path: it has neither a query nor a fragment")
    try:
        parts = urlsplit(url.strip())
        valid = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        return None
    return parts if valid and _URL.fullmatch(url.strip()) else None
