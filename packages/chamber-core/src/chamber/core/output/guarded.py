"""A plugin's source of output, whose failures are told as the plugin's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, contextmanager
from types import TracebackType
from typing import Any, Self

from chamber.core.errors import ChamberError, PluginError
from chamber.core.output.sources import LogSource, Pod, Reading

__all__ = ["Guarded"]


class Guarded:
    """The same source. What it raises that is no ChamberError becomes a PluginError."""

    def __init__(self, source: LogSource) -> None:
        self._source = source

    async def __aenter__(self) -> Self:
        if isinstance(self._source, AbstractAsyncContextManager):
            with self._told():
                await self._source.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(self._source, AbstractAsyncContextManager):
            with self._told():
                await self._source.__aexit__(kind, error, trace)

    async def pods(self) -> Sequence[Pod]:
        """As a `LogSource` does."""
        with self._told():
            return await self._source.pods()

    async def read(self, pod: Pod, *, follow: bool, tail: int | None, after: Any) -> Reading:
        """As a `LogSource` does."""
        with self._told():
            async with aclosing(self._source.read(pod, follow=follow, tail=tail, after=after)) as lines:
                async for reading in lines:
                    yield reading

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except ChamberError:
            raise
        except Exception as error:
            raise PluginError(
                f"{type(self._source).__name__}, a plugin's source of output, failed "
                f"({type(error).__name__}: {error}): correct it, or deny the plugin with CHAMBER_PLUGINS"
            ) from error
