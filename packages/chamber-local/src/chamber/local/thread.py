"""The thread that a Chamber's event loop lives in."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from datetime import datetime
from typing import Any

from chamber.local import records
from chamber.local.faults import Faults
from chamber.local.folder import DataFolder
from chamber.local.server import Server
from chamber.local.settings import Settings
from chamber.local.storage.progress import Progress
from chamber.local.users import ORGANIZATION
from chamber.local.workloads import Workload

__all__ = ["ServerThread"]


class ServerThread:
    """Serves from its construction until `stop`. Raises what kept the server from starting."""

    def __init__(self, settings: Settings, faults: Faults, ahead: Callable[[], float]) -> None:
        self.folder: DataFolder = DataFolder(settings.data_dir)
        self._ready: Future[tuple[Server, asyncio.AbstractEventLoop, asyncio.Event]] = Future()
        self._thread = threading.Thread(
            target=lambda: _run(self._serve(settings, faults, ahead)), name="chamber-local", daemon=True
        )
        self._thread.start()
        try:
            self._server, self._loop, self._stopping = self._ready.result()
        except BaseException:
            self._thread.join()
            self.folder.close()
            raise
        self.address: str = self._server.address
        records.write(self.address, self.folder.token, settings.executor, tokens=_tokens(settings, self.folder))

    def knows(self, workload_id: str) -> bool:
        """True for a workload that was submitted."""
        return asyncio.run_coroutine_threadsafe(self._server.knows(workload_id), self._loop).result()

    def workloads(self) -> tuple[Workload, ...]:
        """Every workload, in the order of their submission."""
        return asyncio.run_coroutine_threadsafe(self._server.workloads(), self._loop).result()

    def ticket(self, user: str) -> str:
        """A ticket for the dashboard, as that user."""
        return self._server.access.sessions.ticket(user)

    def progress(self) -> Progress:
        """Whether anything is going on."""
        return asyncio.run_coroutine_threadsafe(self._server.progress(), self._loop).result()

    def time(self) -> datetime:
        """What the clock says."""
        return asyncio.run_coroutine_threadsafe(self._server.time(), self._loop).result()

    def advance(self, seconds: float) -> None:
        """Moves time on. Raises ConfigurationError."""
        asyncio.run_coroutine_threadsafe(self._server.advance(seconds), self._loop).result()

    def stop(self) -> None:
        """Stops the server, and returns when nothing of it is left."""
        records.remove(self.address)
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()
        self.folder.close()

    async def _serve(self, settings: Settings, faults: Faults, ahead: Callable[[], float]) -> None:
        try:
            server = await Server.start(settings, self.folder, faults, ahead)
        except BaseException as error:
            self._ready.set_exception(error)
            return
        stopping = asyncio.Event()
        self._ready.set_result((server, asyncio.get_running_loop(), stopping))
        await stopping.wait()
        await server.stop()


def _tokens(settings: Settings, folder: DataFolder) -> dict[str, str]:
    """A user's token for each organization that the first user is not in."""
    _, *others = settings.users
    made = {name: folder.token_of(user.name) for user in reversed(others) for name in user.organizations}
    return {name: token for name, token in made.items() if name != ORGANIZATION}


def _run(serving: Coroutine[Any, Any, None]) -> None:
    """Runs to the end, also while the interpreter exits: `asyncio.run` would then want a new thread, and get none."""
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(serving)
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()
