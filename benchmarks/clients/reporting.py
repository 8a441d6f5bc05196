"""Beside the clients: what every measured program says of itself."""

import json
import resource
import sys
import time

__all__ = ["counted", "gets", "main", "names", "spend", "tenths", "warmed"]


def main(scenarios):
    """Run the scenario that was named, with a URL and a number; print seconds of wall clock, of a core, and bytes.

    A scenario makes itself ready, and returns the function that is measured, which may have more to tell.
    """
    name, url, count = sys.argv[1:]
    act = scenarios[name](url, int(count))
    base = peak()
    started, used = time.perf_counter(), time.process_time()
    told = act()
    wall, cpu = time.perf_counter() - started, time.process_time() - used
    print(json.dumps({"wall": wall, "cpu": cpu, "peak": peak(), "base": base, **(told or {})}), flush=True)


def peak():
    """The most memory that this process had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def spend(seconds):
    """Work for so long, as somebody does with an item."""
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass


def warmed(client):
    """The client after 20 calls, by which it has imported and connected."""
    for name in names(20):
        client.get_workload(name)
    return client


def gets(client, count):
    """Get so many workloads one after the other."""
    asked = names(count)

    def act():
        for name in asked:
            assert client.get_workload(name).id == name

    return act


def names(count):
    """The ids of so many workloads."""
    return [f"wl_{number:024x}" for number in range(count)]


def counted(items, count, each=None):
    """Take all items. They have to be so many."""
    taken = 0
    for _ in items:
        taken += 1
        if each:
            spend(each)
    assert taken == count, f"{taken} items, not {count}"


def tenths(items, count):
    """Take all items. Returns the seconds of a core that each tenth of them took."""
    taken, used = [], time.process_time()
    for place, _ in enumerate(items, 1):
        if place % (count // 10) == 0:
            now = time.process_time()
            taken.append(now - used)
            used = now
    assert len(taken) == 10
    return taken
