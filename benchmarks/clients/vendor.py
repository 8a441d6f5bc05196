"""The vendor's published package, as its users write it."""

from concurrent.futures import ThreadPoolExecutor

import reporting

TOKEN = "ch.0123456789abcdef"


def client(url):
    from chamber_sdk import ChamberClient

    return reporting.warmed(ChamberClient(TOKEN, url))


def get(url, count):
    """Workloads one after the other."""
    return reporting.gets(client(url), count)


def iterate(url, count):
    """Every workload of a listing, in pages as large as ours; by default they have 20."""
    made = client(url)
    return lambda: reporting.counted(made.iter_workloads(limit=100), count)


def consume(url, count):
    """Every workload, and 50 µs of work on each."""
    made = client(url)
    return lambda: reporting.counted(made.iter_workloads(limit=100), count, 50e-6)


def many(url, count):
    """Workloads, in 50 threads."""
    made = client(url)
    names = reporting.names(count)

    def act():
        with ThreadPoolExecutor(50) as threads:
            assert [found.id for found in threads.map(made.get_workload, names)] == names

    return act


def wait(url, count):
    """Look at each until it has ended."""
    made = client(url)
    waiting = set(reporting.names(count))

    def act():
        while waiting:
            for name in sorted(waiting):
                if made.get_workload(name).status.value == "COMPLETED":
                    waiting.discard(name)

    return act


if __name__ == "__main__":
    reporting.main({"get": get, "iterate": iterate, "consume": consume, "many": many, "wait": wait})
