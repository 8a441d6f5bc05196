"""`LocalChamber`: a Chamber inside this process."""

import asyncio
import atexit
import os
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from chamber.core.errors import ConfigurationError, NotFoundError
from chamber.local.configuration import (
    AllocationConfiguration,
    PoolConfiguration,
    ReservationConfiguration,
    TeamConfiguration,
    configured,
)
from chamber.local.faults import Faults
from chamber.local.memberships import FIRST
from chamber.local.seed import ORGANIZATION, TEAM
from chamber.local.settings import checked
from chamber.local.thread import ServerThread
from chamber.local.waiting import ClientClock

if TYPE_CHECKING:
    from chamber.core import AsyncChamberClient, ChamberClient
    from chamber.core.clock import Clock
    from chamber.core.redaction import Secret
    from chamber.local.ratelimits import RateLimit
    from chamber.local.users import User
    from chamber.local.workloads import Workload

__all__ = ["ChamberClock", "LocalChamber"]


class ChamberClock:
    """The time of a Chamber. With ``executor="simulated"`` it can be moved on: a job of two hours ends at once."""

    def __init__(self, running: ServerThread) -> None:
        self._running = running

    def now(self) -> datetime:
        """What time it is there, in UTC."""
        return self._running.time()

    def advance(self, seconds: float) -> None:
        """Moves time on, and returns when everything that was due until then has happened, in its order.

        Workloads end, those that waited for their GPUs start, run and end too. Raises ConfigurationError: the executor
        runs processes, whose time is real.
        """
        self._running.advance(seconds)


C = TypeVar("C", "ChamberClient", "AsyncChamberClient")


class LocalChamber:
    """A whole Chamber on this machine: API, scheduler, image registry and executor, in a thread of its own.

    A context manager, blocking and async::

        with LocalChamber() as chamber, chamber.client() as client:
            client.run("./project", team=chamber.team, wait=True)

    `dialect` is ``documented``, or ``legacy`` as the published client decodes it. `executor` is ``process`` (jobs are
    processes of this host), ``container`` (of docker or podman; needs ``chamber-local[container]``) or ``simulated``
    (each lasts for its metadata's ``simulated_seconds``). `data_dir` keeps
    everything across restarts; None is a temporary folder, removed at the end. `gpus` says how many simulated GPUs of
    which type there are. `port` 0 is any free one. `host` other than loopback needs `allow_remote`. `sample_interval`
    is the seconds between measurements, `grace` the seconds that a cancelled job has to end by itself. `idempotency`
    says whether an Idempotency-Key is heeded; by default it is in the documented dialect only. `users` are there beside
    the first, an ORG_ADMIN of one organization whose token is `token`. `rate_limit` is for each user's token. `pools`
    in place of `gpus`, with `teams`, `reservations` and `allocations`, say who may use what: see
    `chamber.local.configuration`. `secrets` are what manifests may take from Kubernetes secrets
    (``valueFrom.secretKeyRef``): values by the secret's name and key, texts or `Secret`; they are kept in memory alone.
    `log_limit` is how many bytes are kept of what a job prints. `container_gpus` says whether a container that asks for
    GPUs has to get real ones: ``require``, or ``count`` where they are in the books alone. `seed` may be ``demo``: a
    new Chamber begins with the history of an organization.

    Raises ConfigurationError: a setting is wrong, the port is taken, the folder is in use, or no container engine
    answers.
    """

    def __init__(
        self,
        dialect: str = "documented",
        executor: str = "process",
        data_dir: str | os.PathLike[str] | None = None,
        gpus: Mapping[str, int] | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        allow_remote: bool = False,
        sample_interval: float = 1.0,
        grace: float = 5.0,
        idempotency: bool | None = None,
        users: "Sequence[User]" = (),
        rate_limit: "RateLimit | None" = None,
        pools: Sequence[PoolConfiguration | Mapping[str, Any]] = (),
        teams: Sequence[TeamConfiguration | Mapping[str, Any]] = (),
        reservations: Sequence[ReservationConfiguration | Mapping[str, Any]] = (),
        allocations: Sequence[AllocationConfiguration | Mapping[str, Any]] = (),
        secrets: "Mapping[str, Mapping[str, str | Secret]] | None" = None,
        log_limit: int = 100 << 20,
        container_gpus: str = "require",
        seed: str | None = None,
    ) -> None:
        said: dict[str, Any] = {"pools": pools, "teams": teams, "reservations": reservations}
        said |= {"allocations": allocations, "secrets": secrets}
        self._settings = checked(
            dialect=dialect,
            executor=executor,
            data_dir=None if data_dir is None else Path(data_dir),
            gpus=gpus,
            configuration=configured(said, "LocalChamber"),
            host=host,
            port=port,
            allow_remote=allow_remote,
            sample_interval=sample_interval,
            grace=grace,
            idempotency=idempotency,
            users=users,
            rate_limit=rate_limit,
            log_limit=log_limit,
            container_gpus=container_gpus,
            seed=seed,
        )
        #: What clients wait by in tests: ``chamber.client(clock=chamber.virtual_time)``.
        self.virtual_time: ClientClock = ClientClock(
            self._happened, self._moved_on if executor == "simulated" else None
        )
        #: What is to go wrong, for tests of clients.
        self.faults: Faults = Faults()
        self._running: ServerThread | None = None
        self._changing = threading.Lock()

    @property
    def api_url(self) -> str:
        """Where the API is, ending in ``/v1``."""
        return f"http://{self.registry}/v1"

    @property
    def registry(self) -> str:
        """The image registry, as host:port."""
        return self._started.address

    @property
    def token(self) -> str:
        """The first user's token: for the API, and as the registry's password."""
        return self._started.folder.token

    @property
    def organization_id(self) -> str:
        """The organization that is there from the beginning."""
        return ORGANIZATION

    @property
    def team(self) -> str:
        """The id of the team that is there from the beginning."""
        return TEAM

    def token_of(self, user: str) -> str:
        """The token of a user. Raises ConfigurationError: there is no such user."""
        self._named(user)
        return self.token if user == FIRST.name else self._started.folder.token_of(user)

    def client(
        self, user: str | None = None, *, organization_id: str | None = None, clock: "Clock | None" = None
    ) -> "ChamberClient":
        """A blocking client of this Chamber, as a user: by default the first, in the user's first organization.

        `clock` is what it waits by; with `self.virtual_time` they end when there is something to see.
        """
        from chamber.core import ChamberClient

        return _waiting_by(ChamberClient(*self._connection(user, organization_id)), clock)

    def async_client(
        self, user: str | None = None, *, organization_id: str | None = None, clock: "Clock | None" = None
    ) -> "AsyncChamberClient":
        """An async client of this Chamber; see `client`."""
        from chamber.core import AsyncChamberClient

        return _waiting_by(AsyncChamberClient(*self._connection(user, organization_id)), clock)

    def dashboard_url(self, user: str | None = None) -> str:
        """An address that lets a browser in, once and within 24 hours, as a user: by default the first."""
        return f"http://{self.registry}/?ticket={self._started.ticket(self._named(user).name)}"

    def logs(self, workload_id: str) -> str:
        """What a workload has printed so far. Raises NotFoundError when there is no such workload."""
        if not self._started.knows(workload_id):
            raise NotFoundError(f"there is no workload {workload_id!r}")
        log = self._started.folder.logs / f"{workload_id}.log"
        return log.read_text("utf-8", errors="replace") if log.exists() else ""

    def workloads(self) -> "tuple[Workload, ...]":
        """Every workload as the server holds it, in the order of their submission: what really happened."""
        return self._started.workloads()

    @property
    def clock(self) -> "ChamberClock":
        """The time that this Chamber lives in."""
        return ChamberClock(self._started)

    def start(self) -> Self:
        """Starts it; `stop` ends it."""
        with self._changing:
            if self._running is not None:
                raise ConfigurationError("this LocalChamber is running already")
            self._running = ServerThread(self._settings, self.faults, lambda: self.virtual_time.ahead)
            atexit.register(self.stop)
        return self

    def stop(self) -> None:
        """Stops it: jobs that run are killed and marked FAILED. Does nothing when it is not running."""
        with self._changing:
            running, self._running = self._running, None
        if running is not None:
            atexit.unregister(self.stop)
            running.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        return await asyncio.to_thread(self.start)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.stop)

    def __repr__(self) -> str:
        return f"LocalChamber({self.api_url})" if self._running else "LocalChamber(not running)"

    def _connection(self, user: str | None, organization_id: str | None) -> tuple[str, str, str]:
        named = self._named(user)
        return self.token_of(named.name), self.api_url, organization_id or named.organizations[0]

    def _named(self, user: str | None) -> "User":
        named = next((known for known in self._settings.users if user in {None, known.name}), None)
        if named is None:
            there_is = ", ".join(known.name for known in self._settings.users)
            raise ConfigurationError(f"there is no user {user!r}; there is {there_is}")
        return named

    def _moved_on(self, seconds: float) -> None:
        if self._running:
            self._running.advance(seconds)

    def _happened(self) -> tuple[int, int] | None:
        """What clients may wait for: changes of status, and faults."""
        progress = self._running.progress() if self._running and not self.faults.refusing else None
        return (progress.changes, len(self.faults.log)) if progress and progress.unfinished else None

    @property
    def _started(self) -> ServerThread:
        if self._running is None:
            raise ConfigurationError("this LocalChamber is not running: use it in a with block, or call start()")
        return self._running


def _waiting_by(client: "C", clock: "Clock | None") -> "C":
    if clock is None:
        return client
    from chamber.core.testing import waiting_by

    return waiting_by(client, clock)
