"""A Kubernetes cluster that has pods and their output, and cuts it off; and an API that names the cluster."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web

from chamber.core import ChamberClient
from chamber.core.testing import FakeClock, waiting_by

TOKEN = "let-me-in-to-the-cluster"
WORKLOAD = {
    "id": "wl_1",
    "name": "train",
    "status": "RUNNING",
    "cluster_id": "gpu-1",
    "namespace": "ml",
    "external_id": "cb-1",
    "initiative_id": "team",
    "started_at": "2026-01-01T00:00:00Z",
}


class FakePod:
    """A pod whose output is what it was told so far, each line with its moment."""

    def __init__(self, name: str, index: int | None = None, labels: dict[str, str] | None = None) -> None:
        self.name, self.index = name, index
        self.labels = {"chamber.io/external-id": "cb-1"} if labels is None else labels
        self.output: list[tuple[str, str]] = []
        self.state = "waiting"

    def prints(self, *lines: str, at: str = "2026-01-01T00:00:00.5Z") -> FakePod:
        self.state = "running"
        self.output += [(at, line) for line in lines]
        return self

    def ends(self) -> FakePod:
        self.state = "terminated"
        return self

    def told(self) -> dict[str, Any]:
        annotations = {} if self.index is None else {"batch.kubernetes.io/job-completion-index": str(self.index)}
        return {
            "metadata": {"name": self.name, "labels": self.labels, "annotations": annotations},
            "spec": {"containers": [{"name": "main"}, {"name": "sidecar"}]},
            "status": {"containerStatuses": [{"name": "sidecar", "state": {"running": {}}}, self._status()]},
        }

    def _status(self) -> dict[str, Any]:
        return {"name": "main", "state": {self.state: {"startedAt": "2026-01-01T00:00:00Z"}}}

    def log(self, query: dict[str, str]) -> bytes:
        """The lines as the kubelet gives them: those of the second of sinceTime again, too."""
        assert (query["container"], query["timestamps"]) == ("main", "true")
        since = query.get("sinceTime", "")
        kept = [(at, line) for at, line in self.output if not since or datetime.fromisoformat(at) >= _moment(since)]
        kept = kept[len(kept) - int(query["tailLines"]) :] if "tailLines" in query else kept
        return b"".join(f"{at} {line}\n".encode() for at, line in kept)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


#: What is done to an answer of the log endpoint: it is given the pod, and returns how many bytes of it to send (None:
#: all of them) and whether the connection then breaks.
Cut = Callable[[FakePod], tuple[int | None, bool]]


class FakeCluster:
    """The pod endpoints of a Kubernetes API."""

    def __init__(self) -> None:
        self.pods: dict[str, FakePod] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.cuts: list[Cut] = []
        self.nonsense = False
        self.asks_for_token = True
        self.refusal: tuple[int, str] | None = None
        self.refusals = 99
        self.waiting_for: Callable[[], None] = lambda: None

    def pod(self, name: str = "train-0", index: int | None = None, **others: Any) -> FakePod:
        return self.pods.setdefault(name, FakePod(name, index, **others))

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request.path, dict(request.query)))
        if self.asks_for_token and request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return _said(401, "Unauthorized")
        if self.refusal and self.refusals:
            self.refusals -= 1
            return _said(*self.refusal)
        if self.nonsense:
            return web.Response(text='{"items": 7}')
        *_, rest = request.path.partition("/namespaces/ml/")
        parts = rest.split("/")
        if len(parts) == 1:
            wanted = dict(part.split("=") for part in request.query["labelSelector"].split(","))
            self.waiting_for()
            found = [pod.told() for pod in self.pods.values() if wanted.items() <= pod.labels.items()]
            return web.json_response({"kind": "PodList", "items": found})
        pod = self.pods.get(parts[1])
        if pod is None:
            return _said(404, f'pods "{parts[1]}" not found')
        return web.json_response(pod.told()) if len(parts) == 2 else await self._log(request, pod)

    async def _log(self, request: web.Request, pod: FakePod) -> web.StreamResponse:
        if pod.state == "waiting":
            return _said(400, 'container "main" in pod is waiting to start: ContainerCreating')
        body = pod.log(dict(request.query))
        sent, breaks = self.cuts.pop(0)(pod) if self.cuts else (None, False)
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await response.prepare(request)
        await response.write(body[:sent])
        if breaks:
            assert request.transport is not None
            request.transport.abort()
            await asyncio.Future()
        await response.write_eof()
        return response


def _said(status: int, message: str) -> web.Response:
    return web.json_response({"kind": "Status", "message": message, "code": status}, status=status)


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster()


@pytest.fixture
def workload() -> dict[str, Any]:
    """What the API says of the workload; a test may change it."""
    return dict(WORKLOAD)


@pytest.fixture
def kubeconfig(loopback: Any, cluster: FakeCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own, which knows the cluster."""
    port = loopback.run(loopback.http(cluster.answer))
    file = tmp_path / "kubeconfig"
    told = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "elsewhere",
        "clusters": [
            {"name": "gpu-1", "cluster": {"server": f"http://127.0.0.1:{port}"}},
            {"name": "elsewhere", "cluster": {"server": "http://127.0.0.1:9"}},
        ],
        "users": [{"name": "me", "user": {"token": TOKEN}}],
        "contexts": [
            {"name": "elsewhere", "context": {"cluster": "elsewhere", "user": "me"}},
            {"name": "gpus", "context": {"cluster": "gpu-1", "user": "me"}},
        ],
    }
    file.write_text(yaml.safe_dump(told))
    monkeypatch.setenv("KUBECONFIG", str(file))
    return file


@pytest.fixture
def kubernetes(api: Any, workload: dict[str, Any], kubeconfig: Path) -> Iterator[tuple[ChamberClient, FakeClock]]:
    """A client of an API that has no output itself, whose waits take no time."""

    async def answer(request: web.Request) -> web.Response:
        if request.path.endswith("/logs"):
            return web.Response(status=404, body=json.dumps({"message": "no such route"}))
        return web.json_response({"workload": workload})

    api.answers(answer)
    clock = FakeClock()
    with ChamberClient("ch.a-token", api.url) as client:
        yield waiting_by(client, clock), clock
