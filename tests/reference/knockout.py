"""Takes the effect of one parameter or field away, so that its test has to fail."""

import contextlib
import fnmatch
import functools
import inspect
import pathlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from unittest import mock

import msgspec

from chamber.core import AsyncChamberClient, Model, wire
from chamber.core.operations import listing, operation
from chamber.core.paths import ApiPath
from chamber.core.transport import Transport

__all__ = ["without_argument", "without_field", "without_keys", "without_segment"]


class _Again(contextlib.AbstractContextManager[None]):
    """A context that can be entered many times."""

    def __init__(self, make: Callable[[], contextlib.AbstractContextManager[None]]) -> None:
        self._make = make
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> None:
        self._stack.enter_context(self._make())

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def _again(function: Callable[..., Any]) -> Callable[..., contextlib.AbstractContextManager[None]]:
    context = contextlib.contextmanager(function)
    return lambda *arguments: _Again(functools.partial(context, *arguments))


@_again
def without_keys(endpoint: str, keys: tuple[str, ...]) -> Iterator[None]:
    """Leaves keys, ``range.end`` among them, out of the parameters and bodies of such requests."""
    call = Transport.call

    async def lessened(self: Transport, method: str, path: ApiPath, **options: Any) -> wire.Answer:
        if fnmatch.fnmatchcase(f"{method} {path}", endpoint):
            for part in ("params", "body"):
                options[part] = _less(options.get(part), keys)
        return await call(self, method, path, **options)

    with mock.patch.object(Transport, "call", lessened):
        yield


@_again
def without_segment(endpoint: str) -> Iterator[None]:
    """Asks for another id than the one in the path of such requests."""
    call = Transport.call

    async def altered(self: Transport, method: str, path: ApiPath, **options: Any) -> wire.Answer:
        if fnmatch.fnmatchcase(f"{method} {path}", endpoint) and path.count("/") == endpoint.count("/"):
            at = endpoint.partition(" ")[2].split("/").index("*")
            path = ApiPath("/".join("another-id" if i == at else part for i, part in enumerate(path.split("/"))))
        return await call(self, method, path, **options)

    with mock.patch.object(Transport, "call", altered):
        yield


@_again
def without_argument(method: str, parameter: str) -> Iterator[None]:
    """Calls a method without an argument, or with another where it is needed."""
    dir(AsyncChamberClient)
    owner = next(base for base in AsyncChamberClient.__mro__ if method in vars(base))
    found = vars(owner)[method]
    if isinstance(found, operation | listing):
        patch = mock.patch.object(found, "__wrapped__", _calling_without(found.__wrapped__, parameter))
    else:
        patch = mock.patch.object(owner, method, staticmethod(_calling_without(found.__func__, parameter)))
    with patch:
        yield


@_again
def without_field(model: str, field: str) -> Iterator[None]:
    """Decodes answers without a field of a model."""
    decode = wire.decode

    def emptied(answer: wire.Answer, kind: type[Any]) -> Any:
        found = decode(answer, kind)
        _empty(found, model, field)
        return found

    with mock.patch.object(wire, "decode", emptied):
        yield


def _less(given: Mapping[str, Any] | None, keys: tuple[str, ...]) -> dict[str, Any] | None:
    if given is None:
        return None
    left = dict(given)
    for key in keys:
        name, _, end = key.partition(".")
        if end and isinstance(left.get(name), Mapping):
            left[name] = {k: v for k, v in left[name].items() if k != end}
        elif not end:
            left.pop(name, None)
    return left


def _calling_without(body: Callable[..., Any], parameter: str) -> Callable[..., Any]:
    signature = inspect.signature(body)

    @functools.wraps(body)
    def called(*arguments: Any, **options: Any) -> Any:
        bound = signature.bind(*arguments, **options)
        if parameter in bound.arguments:
            if signature.parameters[parameter].default is inspect.Parameter.empty:
                bound.arguments[parameter] = _other(bound.arguments[parameter])
            else:
                del bound.arguments[parameter]
        return body(*bound.args, **bound.kwargs)

    return called


def _other(value: Any) -> Any:
    return pathlib.Path(f"{value}-other") if isinstance(value, pathlib.Path) else f"{value}-other"


def _empty(value: Any, model: str, field: str) -> None:
    if isinstance(value, list):
        for item in value:
            _empty(item, model, field)
    if isinstance(value, Model):
        for name in value.__struct_fields__:
            _empty(getattr(value, name), model, field)
        if type(value).__name__ == model:
            msgspec.structs.force_setattr(value, field, None)
