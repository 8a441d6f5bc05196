"""Where a client finds its token, and the client of `chamber.core` that does its work."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from chamber.core.redaction import without_locals
from chamber.core.settings import DEFAULT_API_URL, home, resolve, resolve_files
from chamber_sdk.defaults import DefaultNumber, DefaultText

if TYPE_CHECKING:
    from chamber.core import ChamberClient
    from chamber.core.settings import Settings

__all__ = ["DEFAULT_API_URL", "DEFAULT_TIMEOUT", "Connection"]

#: Seconds.
DEFAULT_TIMEOUT = 30


_URL = DefaultText(DEFAULT_API_URL)
_TIMEOUT = DefaultNumber(DEFAULT_TIMEOUT)


class Connection:
    """What a client knows of the API; base of `chamber_sdk.ChamberClient`."""

    def __init__(
        self,
        token: str | None = None,
        api_url: str = _URL,
        organization_id: str | None = None,
        timeout: float = _TIMEOUT,
    ) -> None:
        """Without a token, that of CHAMBER_TOKEN or ``~/.chamber/token.json``, with the URL and organization there.

        `timeout`: seconds for a whole call, retries included; where it is not given, the class of call decides.

        Raises AuthenticationError: there is no token, or an empty one.
        """
        given = None if isinstance(api_url, DefaultText) else api_url
        try:
            with without_locals():
                settings = resolve(token, given, organization_id, _seconds(timeout), token_source=_token_of_plugins)
                self._connect(settings, timeout, token)
        finally:
            del token

    @classmethod
    def from_config(
        cls,
        config_dir: str | os.PathLike[str] | None = None,
        api_url: str | None = None,
        organization_id: str | None = None,
        timeout: float = _TIMEOUT,
    ) -> Self:
        """A client with the token that the login left in `config_dir` (``~/.chamber``); without one, CHAMBER_TOKEN's.

        Raises AuthenticationError: there is neither. Raises ConfigurationError: a file is broken.
        """
        left = (home(config_dir) / "token.json").exists()
        if left or not os.environ.get("CHAMBER_TOKEN"):
            settings = resolve_files(config_dir, api_url, organization_id, _seconds(timeout))
        else:
            settings = resolve(None, api_url, organization_id, _seconds(timeout), config_dir=config_dir)
        client = cls.__new__(cls)
        client._connect(settings, timeout, settings.token.reveal())
        return client

    def _connect(self, settings: Settings, timeout: float, token: str | None) -> None:
        """Without a `token` the client below looks for it anew, so that a plugin's can be renewed."""
        #: Each may be assigned; the next call goes by it.
        self.api_url: str = settings.api_url
        self.organization_id: str | None = settings.organization_id
        self.timeout: float = timeout
        self._token = settings.token
        self._clients = {self._settings: self._made(token)}

    @property
    def chamber(self) -> ChamberClient:
        """The client of `chamber.core` with the same token, for what this one does not have."""
        found = self._clients.get(self._settings)
        if found is None:
            found = self._clients[self._settings] = self._made(self._token.reveal())
        return found

    @contextmanager
    def _unhurried(self) -> Iterator[ChamberClient]:
        """The same client where a timeout is that of a call, for what takes as long as it takes."""
        if _seconds(self.timeout) is None:
            yield self.chamber
            return
        from chamber.core import ChamberClient

        with ChamberClient(self._token.reveal(), self.api_url, self.organization_id) as patient:
            yield patient

    def close(self) -> None:
        """Close the connections. The next call opens new ones."""
        while self._clients:
            _, client = self._clients.popitem()
            client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(api_url={self.api_url!r}, organization_id={self.organization_id!r})"

    @property
    def _core(self) -> Any:
        """The same client where texts are passed on that it knows as words of a list."""
        return self.chamber

    @property
    def _settings(self) -> tuple[str, str | None, float | None]:
        return self.api_url, self.organization_id, _seconds(self.timeout)

    def _made(self, token: str | None) -> ChamberClient:
        from chamber.core import ChamberClient

        return ChamberClient(token, *self._settings)


def _seconds(timeout: float) -> float | None:
    return None if isinstance(timeout, DefaultNumber) else timeout


def _token_of_plugins(api_url: str) -> str | None:
    from chamber.core.contributions import token

    return token(api_url)
