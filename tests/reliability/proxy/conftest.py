"""One embedded Chamber and one fault proxy for each module of tests, and clients of both faces."""

import pytest
from reliability.proxy import FaultProxy

from chamber.core.clock import Clock
from chamber.local import LocalChamber


class Hurried(Clock):
    """The machine's clock, except that waits of the client take no time: each moves the clock on instead."""

    def __init__(self):
        self.ahead = 0.0

    def monotonic(self):
        return super().monotonic() + self.ahead

    async def sleep(self, seconds):
        self.ahead += seconds


@pytest.fixture(scope="module")
def chamber(tmp_path_factory):
    """It heeds no Idempotency-Key, the worst case that a client must be safe in."""
    folder = tmp_path_factory.mktemp("chamber")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHAMBER_CONFIG_DIR", str(folder / "settings"))
        with LocalChamber(executor="simulated", data_dir=folder / "data", idempotency=False) as running:
            yield running


@pytest.fixture(scope="module")
def proxy(chamber):
    with FaultProxy(chamber.api_url) as running:
        yield running


@pytest.fixture
def hurried():
    """``hurried(client, patience)`` -> the client, which waits in no time and gives an attempt so many seconds."""

    def hurry(client, patience=None):
        transport = getattr(client, "_async", client)._transport
        transport.clock = Hurried()
        if patience is not None:
            send = transport._send
            transport._send = lambda request, timeout: send(request, min(timeout, patience))
        return client

    return hurry


@pytest.fixture
def face(client_of, chamber, hurried):
    """``face(url, patience)`` -> a client of the embedded Chamber by that URL, blocking or async."""

    def make(url, patience=None):
        return client_of(Way(chamber, url, lambda client: hurried(client, patience)))

    return make


class Way:
    """Makes clients that reach a Chamber by another URL."""

    def __init__(self, chamber, url, made):
        self._chamber, self._url, self._made = chamber, url, made

    def client(self):
        from chamber.core import ChamberClient

        return self._made(ChamberClient(self._chamber.token, self._url, self._chamber.organization_id))

    def async_client(self):
        from chamber.core import AsyncChamberClient

        return self._made(AsyncChamberClient(self._chamber.token, self._url, self._chamber.organization_id))
