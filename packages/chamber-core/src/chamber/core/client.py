"""The two clients: composition only."""

from __future__ import annotations

from chamber.core.methods import Methods
from chamber.core.operations import Awaiting, Blocking, Caller

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
    from types import TracebackType
    from typing import Any, Self

    from chamber.core.plugins import Plugin
    from chamber.core.settings import Settings
    from chamber.core.transport import Transport

__all__ = ["AsyncChamberClient", "ChamberClient"]


class AsyncChamberClient(Caller[Awaiting], Methods):
    """The Chamber client whose methods are coroutines.

    It belongs to the event loop it is used in; close it with ``async with`` or `aclose`.
    """

    def __init__(
        self,
        token: str | None = None,
        api_url: str | None = None,
        organization_id: str | None = None,
        timeout: float | None = None,
    ) -> None:
        """See `ChamberClient`."""
        from chamber.core.redaction import without_locals
        from chamber.core.settings import resolve

        try:
            with without_locals():
                self._connect(resolve(token, api_url, organization_id, timeout, token_source=_token_of_plugins))
        finally:
            del token, api_url

    @classmethod
    def from_config(
        cls,
        config_dir: str | os.PathLike[str] | None = None,
        api_url: str | None = None,
        organization_id: str | None = None,
        timeout: float | None = None,
    ) -> Self:
        """See `ChamberClient.from_config`."""
        from chamber.core.settings import resolve_files

        client = cls.__new__(cls)
        client._connect(resolve_files(config_dir, api_url, organization_id, timeout))
        return client

    @property
    def plugins(self) -> tuple[Plugin, ...]:
        """Every installed plugin: name, distribution, version, state, the methods it adds. Imports none."""
        from chamber.core.plugins import installed

        return installed()

    async def aclose(self) -> None:
        """Close the connections; further calls raise ClientClosedError. May be called again."""
        await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(api_url={self._settings.api_url!r})"

    def _connect(self, settings: Settings) -> None:
        self._settings = settings

    if not TYPE_CHECKING:

        def __getattr__(self, name):
            if name == "_transport":
                return self.__dict__.setdefault(name, _transport(self._settings))
            return super().__getattr__(name)

    def _bind(self, body: Callable[..., Any]) -> Any:
        return (_awaiting.get(body) or _awaited(body)).__get__(self)

    def _bind_listing(self, body: Callable[..., Any]) -> Any:
        from types import MethodType

        return MethodType(body, self)


class ChamberClient(Caller[Blocking], Methods):
    """The Chamber client whose methods block. Usable from any thread, in scripts, notebooks and after a fork.

    Close it with ``with`` or `close`; an unclosed one is closed when the interpreter exits.
    """

    def __init__(
        self,
        token: str | None = None,
        api_url: str | None = None,
        organization_id: str | None = None,
        timeout: float | None = None,
    ) -> None:
        """What is not given comes from CHAMBER_TOKEN, CHAMBER_API_URL, CHAMBER_ORGANIZATION_ID, then ``~/.chamber``.

        `timeout`: seconds for a whole call, retries included; None lets the class of call decide.

        Raises AuthenticationError: there is no token, or an empty one.
        Raises ConfigurationError: a value is malformed.
        """
        try:
            self._async = AsyncChamberClient(token, api_url, organization_id, timeout)
        finally:
            del token, api_url

    @classmethod
    def from_config(
        cls,
        config_dir: str | os.PathLike[str] | None = None,
        api_url: str | None = None,
        organization_id: str | None = None,
        timeout: float | None = None,
    ) -> Self:
        """A client with the token that the command line's login left in `config_dir` (``~/.chamber``).

        Raises AuthenticationError: there is none. Raises ConfigurationError: a file is broken.
        """
        client = cls.__new__(cls)
        client._async = AsyncChamberClient.from_config(config_dir, api_url, organization_id, timeout)
        return client

    @property
    def plugins(self) -> tuple[Plugin, ...]:
        """Every installed plugin: name, distribution, version, state, the methods it adds. Imports none."""
        return self._async.plugins

    def close(self) -> None:
        """Close the connections; further calls raise ClientClosedError. May be called again."""
        self._wait(self._async.aclose())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(api_url={self._async._settings.api_url!r})"

    @staticmethod
    def _wait(coroutine: Coroutine[Any, Any, Any]) -> Any:
        from chamber.core.portal import call

        return call(coroutine)

    def _bind(self, body: Callable[..., Coroutine[Any, Any, Any]]) -> Callable[..., Any]:
        bound: Callable[..., Any] = (_blocking.get(body) or _blocked(body)).__get__(self)
        return bound

    def _bind_listing(
        self, body: Callable[..., AsyncGenerator[Any, None]]
    ) -> Callable[..., Generator[Any, None, None]]:
        from functools import wraps

        from chamber.core.portal import each

        bound = self._async._bind_listing(body)

        @wraps(bound)
        def blocking(*arguments: Any, **options: Any) -> Generator[Any, None, None]:
            return each(bound(*arguments, **options))

        return blocking

    @staticmethod
    def _unbound(body: Callable[..., Any]) -> Callable[..., Any]:
        return _made_blocking(body)

    @staticmethod
    def _unbound_listing(body: Callable[..., Any]) -> Callable[..., Any]:
        from functools import wraps

        @wraps(body)
        def blocking(self: ChamberClient, *arguments: Any, **options: Any) -> Any:
            return self._bind_listing(body)(*arguments, **options)

        return blocking

    @staticmethod
    def _bind_class(body: Callable[..., Coroutine[Any, Any, Any]]) -> Callable[..., Any]:
        from functools import wraps

        @wraps(body)
        def blocking(*arguments: Any, **options: Any) -> Any:
            return ChamberClient._wait(body(*arguments, **options))

        return blocking


#: Body of an operation → the function that both clients' methods of it share, made once.
_awaiting: dict[Callable[..., Any], Callable[..., Any]] = {}
_blocking: dict[Callable[..., Any], Callable[..., Any]] = {}


def _awaited(body: Callable[..., Any]) -> Callable[..., Any]:
    from functools import wraps

    from chamber.core.redaction import without_locals

    @wraps(body)
    async def awaited(self: AsyncChamberClient, *arguments: Any, **options: Any) -> Any:
        coroutine = body(self, *arguments, **options)
        del arguments, options
        with without_locals():
            return await coroutine

    _awaiting[body] = awaited
    return awaited


def _blocked(body: Callable[..., Any]) -> Callable[..., Any]:
    return _blocking.setdefault(body, _made_blocking(body))


def _made_blocking(body: Callable[..., Any]) -> Callable[..., Any]:
    from functools import wraps

    @wraps(body)
    def blocking(self: ChamberClient, *arguments: Any, **options: Any) -> Any:
        coroutine = self._async._bind(body)(*arguments, **options)
        del arguments, options
        return self._wait(coroutine)

    return blocking


def _transport(settings: Settings) -> Transport:
    from chamber.core.contributions import listener
    from chamber.core.transport import Transport

    return Transport(settings, listener=listener())


def _token_of_plugins(api_url: str) -> str | None:
    from chamber.core.contributions import token

    return token(api_url)
