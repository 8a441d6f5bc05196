"""aiohttp with the headers that ours sends, and nothing done with the answers: what ours cannot do without."""

import asyncio
import atexit

import aiohttp
import reporting
from yarl import URL

HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "Authorization": "Bearer ch.0123456789abcdef",
    "User-Agent": "chamber-core/0.0.0 Python/3.0.0 aiohttp/0.0.0",
    "X-Request-Id": "0" * 32,
    "X-Chamber-Attempt": "1/5",
    "X-Chamber-Elapsed-Ms": "0",
}


def get(url, count):
    """Workloads one after the other."""
    return gets(url, count, 1)


def many(url, count):
    """Workloads, 50 of them at once, over as many connections as ours has."""
    return gets(url, count, 50)


def gets(url, count, at_once):
    """So many workloads, so many at once."""
    names = reporting.names(20 + count)
    runner = asyncio.Runner()
    session = runner.run(opened())
    atexit.register(lambda: runner.run(session.close()))

    async def work(left):
        for name in left:
            one = URL(f"{url}/workloads/{name}", encoded=True)
            async with session.get(one, headers=HEADERS, allow_redirects=False) as answer:
                await answer.read()

    async def all_of(left):
        await asyncio.gather(*(work(left) for _ in range(at_once)))

    runner.run(all_of(iter(names[:20])))
    return lambda: runner.run(all_of(iter(names[20:])))


async def opened():
    """A session of the running loop."""
    connector = aiohttp.TCPConnector(limit_per_host=32)
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())


if __name__ == "__main__":
    reporting.main({"get": get, "many": many})
