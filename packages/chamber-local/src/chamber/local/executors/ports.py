"""Ports of this host for pods that share it, each of which believes that it has all of them to itself."""

import contextlib
import random
import socket
import threading
from typing import Self

__all__ = ["Ports"]

#: Below the ports that systems give to whoever asks for any (from 32768 in Linux, from 49152 by IANA).
_FIRST, _LAST = 20000, 32000
_given: set[int] = set()
_giving = threading.Lock()


class Ports:
    """The ports of one Job: another one for each port of each pod, which no Job beside it has. A context manager."""

    def __init__(self) -> None:
        self._ports: dict[tuple[int, str], int] = {}

    def of(self, pod: int, port: str) -> int:
        """The port of this host that stands for one of a pod: always the same."""
        if (pod, port) not in self._ports:
            self._ports[pod, port] = _take()
        return self._ports[pod, port]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with _giving:
            _given.difference_update(self._ports.values())


def _take() -> int:
    """A port that nothing listens on and that no other Job was given."""
    with _giving:
        free = (port for port in _candidates() if port not in _given and _is_free(port))
        port = next(free)
        _given.add(port)
        return port


def _candidates() -> list[int]:
    """In an order of its own: another Chamber on this machine looks too."""
    return random.sample(range(_FIRST, _LAST), _LAST - _FIRST)


def _is_free(port: int) -> bool:
    with socket.socket() as probe, contextlib.suppress(OSError):
        probe.bind(("", port))
        return True
    return False
