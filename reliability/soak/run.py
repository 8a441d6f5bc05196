"""The run: callers, a server that is restarted, forks, and the waits after them."""

from __future__ import annotations

import argparse
import gc
import itertools
import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from unittest import mock

from reliability import figures
from reliability.soak.gauge import Gauge, Sample
from reliability.soak.server import Access, Server
from reliability.soak.traffic import Notes, Traffic
from reliability.soak.waits import waits

__all__ = ["Size", "lost", "main", "soak"]

_RATE = 0.05
_FORKS = 10
_RESTART = 60.0
#: The part of the time that belongs to the waits.
_WAITING = 0.25

#: Figure -> the most it may be.
_LIMITS = {"duplicated": 0, "lost": 0, "unreported": 0, "foreign exceptions": 0, "waits that ended wrong": 0}


class Size(NamedTuple):
    """How long and how much."""

    minutes: float
    #: Calls in a second.
    rate: float = 150.0
    waits: int = 1000
    seed: int = 1


def soak(size: Size) -> dict[str, object]:
    """What was counted."""
    with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ, CHAMBER_CONFIG_DIR=f"{folder}/settings"):
        server = Server(Path(folder) / "data", size.seed, _RATE)
        access = server.start()
        try:
            counted = _traffic(size, server, access, Notes(Path(folder) / "fates"))
            server.end()
            counted |= _waiting(size, Path(folder) / "waits")
        finally:
            server.end()
    return counted


def lost(fates: Mapping[str, str], present: Mapping[str, int]) -> dict[str, object]:
    """What the server's own table says against what callers were told: submissions lost, doubled, never reported."""
    told = {external_id for external_id, fate in fates.items() if fate != "refused"}
    return {
        "submissions": len(fates),
        "duplicated": sum(times > 1 for times in present.values()),
        "lost": sum(fate == "acknowledged" and external_id not in present for external_id, fate in fates.items()),
        "unreported": sum(external_id not in told for external_id in present),
    }


def _traffic(size: Size, server: Server, access: Access, notes: Notes) -> dict[str, object]:
    seconds = 60 * size.minutes * (1 - _WAITING)
    gauge = Gauge(seconds)
    first = Sample.now()
    traffic = Traffic(access, notes, size.rate, size.seed, gauge.watch)
    _befall(traffic, server, seconds)
    gauge.stop()
    traffic.stop()
    server.end()
    fates, present = notes.fates(), Counter(server.present())
    return {
        **_resources(gauge, first),
        **_calls(gauge, notes),
        "starts of the server": server.starts,
        "foreign exceptions": len(notes.foreign),
    } | lost(fates, present)


def _befall(traffic: Traffic, server: Server, seconds: float) -> None:
    """Restarts and forks, at their times, until the time is over."""
    began, dice = time.monotonic(), random.Random(server.starts)
    restart = min(_RESTART, seconds / 4)
    due = [(restart * n, "restart") for n in range(1, int(seconds / restart))]
    due += [(seconds * (n + 0.5) / _FORKS, "fork") for n in range(_FORKS)]
    for number, (moment, what) in zip(itertools.count(), sorted(due), strict=False):
        time.sleep(max(0.0, began + moment - time.monotonic()))
        if what == "fork":
            traffic.fork()
            continue
        server.end(kill=number % 2 == 0)
        time.sleep(dice.uniform(0.1, 1.0))
        server.start()
    time.sleep(max(0.0, began + seconds - time.monotonic()))


def _resources(gauge: Gauge, first: Sample) -> dict[str, object]:
    gc.collect()
    last, (grown, percent) = Sample.now(), gauge.growth()
    return {
        "memory after warm-up, growth in MiB": grown,
        "memory after warm-up, growth in %": percent,
        "descriptors, first and last": f"{first.descriptors} and {last.descriptors}",
        "threads, first and last": f"{first.threads} and {last.threads}",
        "descriptors, most": max(sample.descriptors for sample in gauge.samples),
    }


def _calls(gauge: Gauge, notes: Notes) -> dict[str, object]:
    return {
        "attempts that were answered well": sum(fifth.total for fifth in gauge.fifths),
        "calls": sum(notes.counts.values()),
        "how calls ended": ", ".join(f"{how} {count}" for how, count in notes.counts.most_common()),
        "p99 of healthy attempts in ms, in each fifth": ", ".join(str(f.quantile(0.99)) for f in gauge.fifths),
    }


def _waiting(size: Size, folder: Path) -> dict[str, object]:
    server = Server(folder, size.seed, 0.0)
    try:
        ended = waits(server.start(), size.waits, 60 * size.minutes * _WAITING, size.seed)
    finally:
        server.end()
    for how, count in ended.items():
        print(f"waits: {count} {how}")
    return {"waits at once": size.waits, "waits that ended wrong": size.waits - ended["right"]}


def main(argv: list[str]) -> int:
    """A client that works beside faults, restarts and forks. Sizes: 20 minutes a night, 120 before a release."""
    parser = argparse.ArgumentParser(prog="python -m reliability soak", description=main.__doc__)
    parser.add_argument("--minutes", type=float, default=20.0, help="20 each night; 120 before a release")
    parser.add_argument("--rate", type=float, default=150.0, help="calls in a second")
    parser.add_argument("--waits", type=int, default=1000, help="waits for the end of a job at once")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(argv)
    counted = soak(Size(given.minutes, given.rate, given.waits, given.seed))
    for figure, count in {**figures.machine(), "seed": given.seed, **counted}.items():
        print(f"{figure}: {count}")
    figures.record("soak", counted, " ".join(["hatch run soak", *argv]), seed=given.seed)
    return int(any(counted[figure] != most for figure, most in _LIMITS.items()))
