"""One aiohttp server with the API and the registry, and everything behind them."""

import socket
from contextlib import AsyncExitStack
from typing import Any, Self

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from chamber.local.access import Access
from chamber.local.api.app import api_app
from chamber.local.api.dialect import Dialect
from chamber.local.api.errors import ApiError
from chamber.local.api.inflight import InFlight
from chamber.local.api.openapi import document
from chamber.local.api.services import Services
from chamber.local.dispatcher import Dispatcher
from chamber.local.executors.contract import Executor
from chamber.local.executors.process import ProcessExecutor
from chamber.local.executors.simulated import SimulatedExecutor
from chamber.local.folder import DataFolder
from chamber.local.ledger import Ledger
from chamber.local.listening import listen
from chamber.local.recovery import recover
from chamber.local.registry.app import registry_app
from chamber.local.registry.store import Store
from chamber.local.seed import ORGANIZATION, USER, sow
from chamber.local.settings import Settings
from chamber.local.storage import workloads
from chamber.local.storage.database import Database

__all__ = ["Server"]

_HEADER_LIMIT = 16 << 10


class Server:
    """A running Chamber. Lives in one event loop from `start` to `stop`."""

    def __init__(self, address: str, database: Database, parts: AsyncExitStack) -> None:
        #: host:port
        self.address = address
        self._database, self._parts = database, parts

    @classmethod
    async def start(cls, settings: Settings, folder: DataFolder) -> Self:
        """Opens the folder's database, recovers, and listens. Raises ConfigurationError."""
        async with AsyncExitStack() as stack:
            listening, address = listen(settings.host, settings.port)
            stack.callback(listening.close)
            database = Database(folder.database)
            stack.callback(database.close)
            app = await _assemble(settings, folder, database, address, stack)
            await _serve(app, listening, stack)
            return cls(address, database, stack.pop_all())
        raise AssertionError("an exit stack swallows nothing")

    async def knows(self, workload_id: str) -> bool:
        """True for a workload that was submitted."""
        return await self._database.read(workloads.get, workload_id) is not None

    async def stop(self) -> None:
        """Answers no more, ends what runs, and closes the database."""
        await self._parts.aclose()


async def _assemble(
    settings: Settings, folder: DataFolder, database: Database, address: str, stack: AsyncExitStack
) -> web.Application:
    ledger, store = Ledger(database), Store(folder.path / "registry", database)
    await store.open()
    await database.write(sow, next((pool.gpu_type for pool in settings.pools), None), ledger.clock())
    await recover(ledger, folder.path / "runs")
    dispatcher = Dispatcher(ledger, settings.pools, _executor(settings, store, address, folder), folder.logs)
    stack.push_async_callback(dispatcher.close)
    parts = Services(
        database=database,
        ledger=ledger,
        dispatcher=dispatcher,
        pools=settings.pools,
        organization_id=ORGANIZATION,
        user=USER,
        logs=folder.logs,
        dialect=settings.dialect,
        in_flight=InFlight() if settings.idempotency else None,
    )
    return _application(parts, store, Access(folder.token, _names(address) if settings.loopback else ()))


async def _serve(app: web.Application, listening: socket.socket, stack: AsyncExitStack) -> None:
    runner = web.AppRunner(
        app,
        access_log=None,
        auto_decompress=False,
        max_line_size=_HEADER_LIMIT,
        max_field_size=_HEADER_LIMIT,
        shutdown_timeout=1.0,
    )
    stack.push_async_callback(runner.cleanup)
    await runner.setup()
    await web.SockSite(runner, listening).start()


def _executor(settings: Settings, store: Store, address: str, folder: DataFolder) -> Executor:
    if settings.executor == "simulated":
        return SimulatedExecutor()
    return ProcessExecutor(store, address, folder.path, interval=settings.sample_interval, grace=settings.grace)


def _application(parts: Services, store: Store, access: Access) -> web.Application:
    app = web.Application(middlewares=[_named(access, parts.dialect)])
    app.add_routes([web.get("/openapi.json", _described(document(parts.dialect, idempotency=bool(parts.in_flight))))])
    app.add_subapp("/v1/", api_app(parts, access))
    app.add_subapp("/v2/", registry_app(store, access))
    return app


def _described(told: dict[str, Any]) -> Handler:
    async def described(_request: web.Request) -> web.Response:
        return web.json_response(told)

    return described


def _named(access: Access, dialect: Dialect) -> Middleware:
    @web.middleware
    async def named(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not access.answers_to(request.headers.get("Host")):
            body = dialect.refuse(ApiError(421, "MISDIRECTED", "the Host header names another server"), "")
            return web.Response(status=421, body=body, content_type="application/json")
        return await handler(request)

    return named


def _names(address: str) -> tuple[str, ...]:
    port = address.rpartition(":")[2]
    return (address, f"localhost:{port}", f"127.0.0.1:{port}", f"[::1]:{port}")
