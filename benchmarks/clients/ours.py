"""Ours, as its users write it."""

import asyncio

import reporting

TOKEN = "ch.0123456789abcdef"


def client(url):
    from chamber.core import ChamberClient

    return reporting.warmed(ChamberClient(TOKEN, url))


def get(url, count):
    """Workloads one after the other."""
    return reporting.gets(client(url), count)


def iterate(url, count):
    """Every workload of a listing."""
    made = client(url)
    return lambda: reporting.counted(made.iter_workloads(), count)


def grow(url, count):
    """Every workload of a long listing, and what each tenth of it took."""
    made = client(url)
    return lambda: {"tenths": reporting.tenths(made.iter_workloads(), count)}


def consume(url, count):
    """Every workload, and 50 µs of work on each."""
    made = client(url)
    return lambda: reporting.counted(made.iter_workloads(), count, 50e-6)


def many(url, count):
    """Workloads, 50 of them at once."""
    from chamber.core import AsyncChamberClient

    names = iter(reporting.names(count))
    runner = asyncio.Runner()
    made = AsyncChamberClient(TOKEN, url)
    runner.run(made.get_workload(reporting.names(1)[0]))

    async def work():
        for name in names:
            assert (await made.get_workload(name)).id == name

    async def all_of_them():
        await asyncio.gather(*(work() for _ in range(50)))

    return lambda: runner.run(all_of_them())


def wait(url, count):
    """Wait for all of them to end."""
    made = client(url)
    return lambda: reporting.counted(made.wait_for_all(reporting.names(count), poll_interval=0), count)


if __name__ == "__main__":
    reporting.main({"get": get, "iterate": iterate, "grow": grow, "consume": consume, "many": many, "wait": wait})
