"""One body, two faces: client methods are written once, as coroutine functions.

On `AsyncChamberClient` an operation is that coroutine function; on `ChamberClient` the same name blocks and
returns the result. In a body `self` is always the async side, so operations call each other with ``await``::

    class QuotaOperations(Operations):
        @operation
        async def get_quota(self, team: str) -> Quota:
            \"""What the team may still use.\"""
            return await self.request("GET", path("quotas", team), Quota)
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Mapping
    from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

    from chamber.core.paths import ApiPath
    from chamber.core.retry import Policy
    from chamber.core.transport import Transport

    P = ParamSpec("P")
    R = TypeVar("R")
    R_co = TypeVar("R_co", covariant=True)
    T = TypeVar("T")
    Style = TypeVar("Style")
else:  # importing `typing` would take longer than all of this package

    class Generic:
        def __class_getitem__(cls, _parameters):
            return cls

    P = R = R_co = T = Style = None

    def overload(function):
        return function


__all__ = ["Awaiting", "Blocking", "Caller", "Operations", "class_operation", "listing", "operation"]


class Blocking:
    """The style of a client whose methods return results."""


class Awaiting:
    """The style of a client whose methods return coroutines."""


class Caller(Generic[Style]):
    """Base of the clients, naming their style.

    A generic base, because a checker still sees its `Style` when another base is unknown (a plugin's package
    that is not installed); overloads on the client's class would then match the first class listed.
    """


if TYPE_CHECKING:

    class Method(Generic[P, R_co, Style]):
        """An operation as a client has it."""

        @overload
        def __call__(self: Method[P, R, Blocking], *args: P.args, **kwargs: P.kwargs) -> R: ...
        @overload
        def __call__(self: Method[P, R, Awaiting], *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, R]: ...
        def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Any: ...

    class Listing(Generic[P, R_co, Style]):
        """A listing as a client has it."""

        @overload
        def __call__(self: Listing[P, R, Blocking], *args: P.args, **kwargs: P.kwargs) -> Generator[R, None, None]: ...
        @overload
        def __call__(self: Listing[P, R, Awaiting], *args: P.args, **kwargs: P.kwargs) -> AsyncGenerator[R, None]: ...
        def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Any: ...


class operation(Generic[P, R]):  # noqa: N801  a decorator
    """A client method written once, as a coroutine function."""

    def __init__(self, body: Callable[Concatenate[Any, P], Coroutine[Any, Any, R]]) -> None:
        self.__wrapped__ = body
        self.__doc__ = body.__doc__
        self.__name__: str = body.__name__

    @overload
    def __get__(self, client: None, owner: type) -> Self: ...
    @overload
    def __get__(self, client: Caller[Style], owner: type) -> Method[P, R, Style]: ...
    @overload
    def __get__(self, client: Operations, owner: type) -> Method[P, R, Awaiting]: ...
    def __get__(self, client: Any, owner: Any) -> Any:
        return _on_class(owner._unbound, self.__wrapped__) if client is None else client._bind(self.__wrapped__)


class listing(Generic[P, R]):  # noqa: N801  a decorator
    """A paginated client method written once, as an async generator function."""

    def __init__(self, body: Callable[Concatenate[Any, P], AsyncGenerator[R, None]]) -> None:
        self.__wrapped__ = body
        self.__doc__ = body.__doc__
        self.__name__: str = body.__name__

    @overload
    def __get__(self, client: None, owner: type) -> Self: ...
    @overload
    def __get__(self, client: Caller[Style], owner: type) -> Listing[P, R, Style]: ...
    @overload
    def __get__(self, client: Operations, owner: type) -> Listing[P, R, Awaiting]: ...
    def __get__(self, client: Any, owner: Any) -> Any:
        if client is None:
            return _on_class(owner._unbound_listing, self.__wrapped__)
        return client._bind_listing(self.__wrapped__)


class class_operation(Generic[P, R]):  # noqa: N801  a decorator
    """Like `operation`, but called on the class; goes on top of ``staticmethod``."""

    def __init__(self, body: Callable[P, Coroutine[Any, Any, R]]) -> None:
        self.__wrapped__ = body
        self.__doc__ = body.__doc__

    @overload
    def __get__(self, client: object, owner: type[Caller[Style]]) -> Method[P, R, Style]: ...
    @overload
    def __get__(self, client: object, owner: type[Operations]) -> Method[P, R, Awaiting]: ...
    def __get__(self, client: object, owner: Any) -> Any:
        return owner._bind_class(self.__wrapped__)


def _on_class(unbound: Callable[..., Any], body: Callable[..., Any]) -> Any:
    """What a class has: takes a client first, and looks as on an instance, as mocks and help pages need it."""
    from inspect import signature

    found = unbound(body)
    shown = signature(body)
    found.__signature__ = shown.replace(parameters=list(shown.parameters.values())[1:])
    return found


class Operations:
    """Base of every class of operations. Public attributes of a subclass become methods of both clients."""

    if TYPE_CHECKING:
        _transport: Transport

    @operation
    async def request(
        self,
        method: str,
        path: ApiPath,
        kind: type[T],
        *,
        params: Mapping[str, object] | None = None,
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        policy: Policy | None = None,
    ) -> T:
        """Send one request and decode its answer as `kind`; for operations of one's own.

        `path` comes from `chamber.core.paths.path`. `kind` is a model, ``list[Model]``,
        ``PaginatedResponse[Model]``, ``dict`` or a class with ``__from_wire__`` (see `chamber.core.wire`).
        Parameters and fields that are None are left out. `timeout`: seconds for the whole call, retries
        included; None leaves it to the client. `policy`: how it is retried; None repeats what only reads, and
        never what writes.

        Raises ChamberError: the request failed, or its answer is not understood.
        """
        from chamber.core import wire

        answer = await self._transport.call(
            method, path, params=params, body=body, headers=headers, timeout=timeout, policy=policy
        )
        return wire.decode(answer, kind)

    @staticmethod
    def _unbound(body: Any) -> Any:
        """Another function with the same body: it is about to be given a signature of its own."""
        from functools import update_wrapper
        from types import FunctionType

        copied = FunctionType(body.__code__, body.__globals__, body.__name__, body.__defaults__, body.__closure__)
        copied.__kwdefaults__ = body.__kwdefaults__
        return update_wrapper(copied, body)

    _unbound_listing = _unbound

    @staticmethod
    def _bind_class(body: Any) -> Any:
        return body
