"""One aiohttp server with the API and the registry, and everything behind them."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Self, TypedDict

from aiohttp import web

from chamber.core.errors import ConfigurationError
from chamber.local.access import Access
from chamber.local.api.inflight import InFlight
from chamber.local.api.services import Services
from chamber.local.application import application
from chamber.local.clock import Clock, VirtualClock, now
from chamber.local.demo import sow_demo
from chamber.local.dispatcher import Dispatcher
from chamber.local.entrance import Entrance
from chamber.local.executors.container import ContainerExecutor
from chamber.local.executors.contract import Executor
from chamber.local.executors.process import ProcessExecutor
from chamber.local.executors.simulated import SimulatedExecutor
from chamber.local.faults import Faults
from chamber.local.folder import DataFolder
from chamber.local.ledger import Ledger
from chamber.local.listening import Listening
from chamber.local.memberships import FIRST, directory, enrol
from chamber.local.permissions import Caller
from chamber.local.ratelimits import Throttle
from chamber.local.recovery import recover
from chamber.local.registry.store import Store
from chamber.local.secrets import Secrets
from chamber.local.seed import sow
from chamber.local.settings import Settings
from chamber.local.storage import tenancy, workloads
from chamber.local.storage.database import Database
from chamber.local.storage.progress import Progress, progress
from chamber.local.users import ORGANIZATION, Role, User
from chamber.local.workloads import Workload

__all__ = ["Server"]

_HEADER_LIMIT = 16 << 10


class _Said(TypedDict):
    """What both executors that run something are told."""

    interval: float
    grace: float
    log_limit: int
    secrets: Secrets


class Server:
    """A running Chamber. Lives in one event loop from `start` to `stop`."""

    def __init__(
        self, address: str, database: Database, services: Services, access: Access, parts: AsyncExitStack
    ) -> None:
        #: host:port
        self.address = address
        #: Who may speak to it.
        self.access = access
        self._database, self._services, self._parts = database, services, parts

    @classmethod
    async def start(cls, settings: Settings, folder: DataFolder, faults: Faults, ahead: Callable[[], float]) -> Self:
        """Opens the folder's database, recovers, and listens. Raises ConfigurationError.

        `ahead` tells by how many seconds the clients' clock is ahead, which limits of their requests go by.
        """
        async with AsyncExitStack() as stack:
            listening = Listening(settings.host, settings.port)
            stack.callback(listening.close)
            database = Database(folder.database, lasting=folder.lasts)
            stack.callback(database.close)
            parts, store = await _assemble(settings, folder, database, listening.address, stack)
            access = Access(
                users=_tokens(settings, folder),
                hosts=_names(listening.address) if settings.loopback else (),
                organizations=settings.organizations,
                pull_token=folder.pull_token,
            )
            throttle = Throttle(settings.rate_limit, ahead) if settings.rate_limit else None
            app = application(parts, store, access, throttle, faults)
            faults.attach(await _serve(app, listening, stack))
            stack.callback(faults.attach, None)
            return cls(listening.address, database, parts, access, stack.pop_all())
        raise AssertionError("an exit stack swallows nothing")

    async def knows(self, workload_id: str) -> bool:
        """True for a workload that was submitted."""
        return await self._database.read(workloads.get, workload_id) is not None

    async def workloads(self) -> tuple[Workload, ...]:
        """Every workload, in the order of their submission."""
        return await self._database.read(workloads.every)

    async def progress(self) -> Progress:
        """Whether anything is going on."""
        return await self._database.read(progress)

    async def time(self) -> datetime:
        """What the clock says."""
        return self._services.ledger.clock()

    async def advance(self, seconds: float) -> None:
        """Moves time on, and returns when all that was due has happened. Raises ConfigurationError."""
        clock, dispatcher = self._services.ledger.clock, self._services.dispatcher
        if not isinstance(clock, VirtualClock):
            raise ConfigurationError("time can be moved on with executor='simulated' only: processes live in real time")
        await clock.advance(seconds, lambda: dispatcher.settled(lambda: clock.sleepers))
        dispatcher.wake()
        await dispatcher.settled(lambda: clock.sleepers)

    async def stop(self) -> None:
        """Answers no more, ends what runs, and closes the database."""
        await self._parts.aclose()


async def _assemble(
    settings: Settings, folder: DataFolder, database: Database, address: str, stack: AsyncExitStack
) -> tuple[Services, Store]:
    clock = VirtualClock() if settings.executor == "simulated" else now
    ledger, store = Ledger(database, settings.configuration, clock), Store(folder.path / "registry", database)
    await store.open()
    await database.write(tenancy.prepare)
    await database.write(sow, settings.configuration, ledger.clock())
    await database.write(enrol, settings.users, ledger.clock())
    if settings.seed:
        pools = [pool for pool in settings.configuration.physical() if pool.organization_id in {None, ORGANIZATION}]
        await database.write(sow_demo, pools, ledger.clock())
    await recover(ledger, folder.path / "runs")
    executor = await _executor(settings, store, address, folder, clock)
    if isinstance(executor, ContainerExecutor) and settings.data_dir is None:
        stack.push_async_callback(executor.forget_images)
    dispatcher = Dispatcher(ledger, executor, folder.logs)
    stack.push_async_callback(dispatcher.close)
    parts = Services(
        database=database,
        ledger=ledger,
        dispatcher=dispatcher,
        directory=await database.read(directory),
        logs=folder.logs,
        dialect=settings.dialect,
        in_flight=InFlight() if settings.idempotency else None,
        caller=Caller(FIRST.name, Role.ORG_ADMIN, ORGANIZATION),
    )
    return parts, store


async def _serve(app: web.Application, listening: Listening, stack: AsyncExitStack) -> Entrance:
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
    entrance = Entrance(runner, listening)
    stack.push_async_callback(entrance.close)
    await entrance.start()
    return entrance


async def _executor(settings: Settings, store: Store, address: str, folder: DataFolder, clock: Clock) -> Executor:
    if isinstance(clock, VirtualClock):
        return SimulatedExecutor(clock)
    said: _Said = {
        "interval": settings.sample_interval,
        "grace": settings.grace,
        "log_limit": settings.log_limit,
        "secrets": settings.configuration.secrets,
    }
    if settings.executor == "process":
        return ProcessExecutor(store, address, folder.path, **said)
    gpus = settings.container_gpus
    return await ContainerExecutor.open(store, address, folder.pull_token, folder.path, gpus=gpus, **said)


def _tokens(settings: Settings, folder: DataFolder) -> dict[str, User]:
    first, *others = settings.users
    return {folder.token: first, **{folder.token_of(user.name): user for user in others}}


def _names(address: str) -> tuple[str, ...]:
    port = address.rpartition(":")[2]
    return (address, f"localhost:{port}", f"127.0.0.1:{port}", f"[::1]:{port}")
