"""What is measured while it runs: memory, descriptors, threads, and how long healthy attempts take."""

from __future__ import annotations

import bisect
import os
import statistics
import threading
import time
from typing import Any, NamedTuple

import psutil

__all__ = ["Gauge", "Latencies", "Sample"]

#: Upper ends of the classes of latencies, in seconds: each 5 % above the one before, up to a minute.
_CLASSES = [0.0005 * 1.05**n for n in range(240)]


class Sample(NamedTuple):
    """The process at one moment."""

    #: Resident set, in MiB.
    memory: float
    descriptors: int
    threads: int

    @classmethod
    def now(cls) -> Sample:
        """This process at this moment."""
        process = psutil.Process()
        return cls(process.memory_info().rss / (1 << 20), process.num_fds(), process.num_threads())


class Latencies:
    """How long attempts took, counted in classes so that they take no memory."""

    def __init__(self) -> None:
        self._counts = [0] * (len(_CLASSES) + 1)
        self._lock = threading.Lock()
        self.total: int = 0

    def add(self, seconds: float) -> None:
        """Count one."""
        with self._lock:
            self._counts[bisect.bisect_left(_CLASSES, seconds)] += 1
            self.total += 1

    def quantile(self, part: float) -> float:
        """Milliseconds that `part` of them took at most."""
        left = self.total * part
        for number, count in enumerate(self._counts):
            left -= count
            if left <= 0:
                return round(1000 * _CLASSES[min(number, len(_CLASSES) - 1)], 1)
        return 0.0


class Gauge:
    """Samples of the process, taken by a thread until it is stopped, and the latencies of each fifth of the time."""

    def __init__(self, seconds: float, samples: int = 100) -> None:
        self.samples: list[Sample] = []
        self.fifths: list[Latencies] = [Latencies() for _ in range(5)]
        self._began, self._seconds = time.monotonic(), seconds
        self._ended = threading.Event()
        self._every = seconds / samples
        self._thread = threading.Thread(target=self._take, name="gauge", daemon=True)
        self._thread.start()

    def watch(self, transport: Any) -> None:
        """Measure every attempt of a client's that is answered well, in this process alone."""
        send, process = transport._send, os.getpid()

        async def timed(request: Any, timeout: float) -> Any:
            began = time.monotonic()
            answer = await send(request, timeout)
            if answer.status < 300 and os.getpid() == process:
                self._add(began)
            return answer

        transport._send = timed

    def stop(self) -> None:
        """Take no more samples."""
        self._ended.set()
        self._thread.join()

    def growth(self) -> tuple[float, float]:
        """MiB, and per cent, by which the last fifth needs more memory than the second; the first is warming up."""
        fifth = len(self.samples) // 5
        warm = statistics.median(sample.memory for sample in self.samples[fifth : 2 * fifth])
        last = statistics.median(sample.memory for sample in self.samples[-fifth:])
        return round(last - warm, 1), round(100 * (last - warm) / warm, 1)

    def _add(self, began: float) -> None:
        now = time.monotonic()
        number = int(5 * (now - self._began) / self._seconds)
        self.fifths[min(4, max(0, number))].add(now - began)

    def _take(self) -> None:
        while not self._ended.wait(self._every):
            self.samples.append(Sample.now())
