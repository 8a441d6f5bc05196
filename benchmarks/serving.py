"""A server on loopback that answers as an API would and costs little: what is asked for is made at that moment.

Run by `served` as a process of its own, pinned to its own core. A URL of it begins with what it is to pretend::

    http://127.0.0.1:PORT/20000/5/legacy/v1    # 20,000 workloads, each answer 5 ms late, in the legacy dialect

``GET /count`` tells how many requests came since it was last asked. In the dialect ``waiting`` workloads end one after
the other as they are looked at (see `looks`).
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import os
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

__all__ = ["LOOKS", "Server", "looks", "served"]

_PAGE = 100
#: How often the longest of the workloads that are waited for has to be looked at.
LOOKS = 10
_HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\nContent-Length: "
_TYPES, _STATUSES = ("H100", "A100", "L4"), ("COMPLETED", "COMPLETED", "RUNNING", "FAILED")


class Server:
    """One that runs."""

    def __init__(self, address: str) -> None:
        self._address = address

    def url(self, total: int, *, delay: int = 0, dialect: str = "legacy") -> str:
        """The API's URL with so many workloads and so many milliseconds before each answer."""
        return f"{self._address}/{total}/{delay}/{dialect}/v1"

    def requests(self) -> int:
        """How many requests came since this was last asked."""
        with urllib.request.urlopen(f"{self._address}/count") as answer:
            return int(json.load(answer)["count"])


@contextlib.contextmanager
def served(core: int) -> Iterator[Server]:
    """A server on that core, as long as the context lasts."""
    running = subprocess.Popen([sys.executable, __file__, str(core)], stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    try:
        yield Server(f"http://127.0.0.1:{running.stdout.readline().strip()}")
    finally:
        running.terminate()
        running.wait()
        running.stdout.close()


def looks(number: int) -> int:
    """How many looks the workload of that number takes until one shows that it has ended."""
    return 1 + number * 7 % LOOKS


def workload(identifier: str, number: int, dialect: str, status: str | None = None) -> dict[str, Any]:
    """One of a history; `number` decides on everything but the id."""
    at = f"2024-03-{1 + number % 28:02}T{number % 24:02}:15:00"
    said = status or _STATUSES[number % len(_STATUSES)]
    gpu_type, gpus = _TYPES[number % len(_TYPES)], 1 << number % 4
    ended = f"{at[:-5]}45:12.5Z" if said in {"COMPLETED", "FAILED"} else None
    common = {"name": f"train-model-{number}", "priority": 10 * (number % 10), "tags": {"sweep": str(number)}}
    if dialect == "documented":
        return common | {
            "workload_id": identifier,
            "status": said.lower(),
            "job_class": "elastic",
            "gpu_count": gpus,
            "instance_type": "p4d.24xlarge",
            "initiative_id": f"init_{number % 12}",
            "submitted_by": f"user_{number % 40}",
            "submitted_at": f"{at}Z",
            "started_at": f"{at[:-2]}07Z",
            "completed_at": ended,
            "duration_seconds": 1805.5,
            "gpu_hours_used": 0.5 * gpus,
            "exit_code": 0 if said == "COMPLETED" else None,
            "cluster_id": "cluster_1",
            "namespace": "default",
            "is_managed": True,
        }
    return common | {
        "id": identifier,
        "status": said,
        "jobClass": "ELASTIC",
        "requestedGpus": gpus,
        "gpuType": gpu_type,
        "initiativeId": f"init_{number % 12}",
        "submittedBy": f"user_{number % 40}",
        "submittedAt": f"{at}Z",
        "startedAt": f"{at[:-2]}07Z",
        "completedAt": ended,
        "failureReason": "out of memory" if said == "FAILED" else None,
        "externalId": f"run-{number:08x}",
        "metadata": {"epochs": number % 90},
        "allocationId": f"alloc_{number % 5}",
        "capacityPoolId": f"pool_{gpu_type.lower()}",
        "templateId": None,
    }


def page(first: int, limit: int, total: int, dialect: str) -> str:
    """The workloads from `first` on; all but their ids repeats after a hundred."""
    last = min(total, first + limit)
    rows = ",".join(_row(number % _PAGE, dialect) for number in range(first, last))
    token = f'"{last}"' if last < total else "null"
    return _enveloped(rows % tuple(range(first, last)), token, total, dialect)


@functools.cache
def _row(number: int, dialect: str) -> str:
    return json.dumps(workload("wl_%024x", number, dialect), separators=(",", ":"))


def _enveloped(rows: str, token: str, total: int, dialect: str) -> str:
    facts = f'"metadata":{{"next_token":{token},"total_count":{total}}}'
    if dialect == "documented":
        return f'{{"data":{{"workloads":[{rows}]}},{facts},"request_id":"req_0123456789abcdef"}}'
    return f'{{"workloads":[{rows}],{facts}}}'


_remembered = functools.lru_cache(maxsize=256)(page)


class _Answers(asyncio.Protocol):
    """One connection. Requests have no body, and the next comes after the answer."""

    def __init__(self, counted: Counter[str], loop: asyncio.AbstractEventLoop) -> None:
        self._counted, self._loop = counted, loop
        self._received = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            line = self._received[: self._received.index(b"\r\n")].decode()
            self._received = self._received[end + 4 :]
            delay, body = self._answer(line.split(" ")[1])
            content = body.encode()
            whole = f"{_HEAD}{len(content)}\r\n\r\n".encode() + content
            if delay:
                self._loop.call_later(delay / 1000, self._transport.write, whole)
            else:
                self._transport.write(whole)

    def _answer(self, target: str) -> tuple[int, str]:
        parts = urlsplit(target)
        words = parts.path.strip("/").split("/")
        if words == ["count"]:
            count, _ = self._counted.total(), self._counted.clear()
            return 0, json.dumps({"count": count})
        total, delay, dialect, _, _, *rest = words
        asked = dict(parse_qsl(parts.query))
        self._counted[rest[0] if rest else "listed" if "next_token" in asked else "first page"] += 1
        if dialect == "waiting":
            return int(delay), self._waiting(rest, asked, int(total))
        if rest:
            return int(delay), _one(rest[0], dialect)
        found = (int(asked.get("next_token", 0)), int(asked.get("limit", 20)), int(total), dialect)
        return int(delay), (_remembered if int(total) <= 20_000 else page)(*found)

    def _waiting(self, rest: list[str], asked: dict[str, str], total: int) -> str:
        """A workload or a page while workloads end: each look at one, or at the first page, brings them further."""
        if rest:
            number = int(rest[0].removeprefix("wl_"), 16)
            return json.dumps(_watched(number, max(self._counted[rest[0]], self._counted["first page"])))
        first, limit = int(asked.get("next_token", 0)), int(asked.get("limit", 20))
        last = min(total, first + limit)
        rows = [json.dumps(_watched(number, self._counted["first page"])) for number in range(first, last)]
        return _enveloped(",".join(rows), f'"{last}"' if last < total else "null", total, "legacy")


def _one(identifier: str, dialect: str) -> str:
    found = _row(int(identifier[-2:], 16) % _PAGE, dialect) % int(identifier.removeprefix("wl_"), 16)
    return f'{{"data":{found},"request_id":"req_0123456789abcdef"}}' if dialect == "documented" else found


def _watched(number: int, seen: int) -> dict[str, Any]:
    return workload(f"wl_{number:024x}", number, "legacy", "COMPLETED" if seen >= looks(number) else "RUNNING")


async def main(core: int) -> None:
    """Serve on a free port, which is printed, until the process is ended."""
    os.sched_setaffinity(0, {core})
    loop = asyncio.get_running_loop()
    counted: Counter[str] = Counter()
    server = await loop.create_server(lambda: _Answers(counted, loop), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(int(sys.argv[1])))
