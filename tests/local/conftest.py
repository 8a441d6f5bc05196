"""Running Chambers, and the ways in which tests speak to them."""

import base64
import contextlib
import gzip
import hashlib
import http.client
import io
import json
import sys
import tarfile
import textwrap
import time
from dataclasses import dataclass
from typing import Any

import psutil
import pytest

from chamber.local import LocalChamber

TERMINAL = {"completed", "failed", "cancelled", "preempted"}


@dataclass
class Answer:
    """What the server answered."""

    status: int
    headers: Any
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def data(self):
        assert self.status < 300, self.body
        return self.json["data"]


class Caller:
    """Speaks HTTP to one Chamber, with its token unless told otherwise."""

    def __init__(self, chamber):
        self.chamber = chamber

    def __call__(self, method, path, body=None, headers=None, *, token=True):
        host, _, port = self.chamber.registry.rpartition(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=30)
        sent = {"Authorization": f"Bearer {self.chamber.token}"} if token else {}
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        try:
            connection.request(method, path, content, {**sent, **(headers or {})})
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def get(self, path):
        return self("GET", f"/v1{path}").data

    def submit(self, **fields):
        asked = {"name": "job", "initiative_id": self.chamber.team, "gpu_type": "H100", **fields}
        return self("POST", "/v1/workloads", asked).data["workload_id"]

    def run(self, command, env=(), image="chamber.local/python:latest", **fields):
        """Submits a Job that runs a command."""
        return self.submit(k8s_manifest=job(command, env, image), **fields)

    def python(self, code, **fields):
        """Submits a Job that runs Python code."""
        return self.run(["python", "-c", textwrap.dedent(code)], **fields)

    def status(self, workload_id):
        return self.get(f"/workloads/{workload_id}")["status"]

    def wait(self, workload_id, *statuses):
        """The workload, once it has one of the statuses; by default, once it is over."""
        wanted = set(statuses) or TERMINAL
        until(lambda: self.status(workload_id) in wanted | TERMINAL)
        workload = self.get(f"/workloads/{workload_id}")
        assert workload["status"] in wanted, workload
        return workload

    @staticmethod
    def until(condition, seconds=120.0):
        return until(condition, seconds)

    def push_blob(self, repository, content):
        digest = digest_of(content)
        answer = self("POST", f"/v2/{repository}/blobs/uploads/?digest={digest}", content)
        assert answer.status == 201, answer.body
        return digest

    def push_image(self, repository, *layers, tag="latest", labels=None):
        """Pushes an image of gzipped layers on the marker base; its reference by digest."""
        marker = {"io.chamber.base": "chamber.local/python"}
        config = json.dumps({"config": {"Labels": marker if labels is None else labels}}).encode()
        parts = [descriptor("application/vnd.oci.image.layer.v1.tar+gzip", layer) for layer in layers]
        manifest = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": descriptor("application/vnd.oci.image.config.v1+json", config),
            "layers": parts,
        }
        for blob in (config, *layers):
            self.push_blob(repository, blob)
        answer = self.put_manifest(repository, tag, manifest)
        assert answer.status == 201, answer.body
        return f"{self.chamber.registry}/{repository}@{answer.headers['Docker-Content-Digest']}"

    def put_manifest(self, repository, reference, manifest):
        headers = {"Content-Type": manifest.get("mediaType", "application/json")}
        return self("PUT", f"/v2/{repository}/manifests/{reference}", json.dumps(manifest).encode(), headers)


def job(command, env=(), image="chamber.local/python:latest", **container):
    """A batch/v1 Job as YAML (JSON is YAML)."""
    held = {"name": "main", "image": image, "command": command, "env": list(env), **container}
    template = {"spec": {"containers": [held], "restartPolicy": "Never"}}
    return json.dumps({"apiVersion": "batch/v1", "kind": "Job", "spec": {"template": template}})


def digest_of(content):
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def descriptor(media_type, content):
    return {"mediaType": media_type, "digest": digest_of(content), "size": len(content)}


def layer(*entries):
    """A gzipped tar of (name, content) pairs and of ready TarInfo objects."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for entry in entries:
            if isinstance(entry, tarfile.TarInfo):
                archive.addfile(entry)
                continue
            name, content = entry
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return gzip.compress(raw.getvalue(), mtime=0)


def until(condition, seconds=120.0):
    """Polls until a condition holds, and returns what it gave."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "the condition did not come to hold in time"
        time.sleep(0.02)
    return found


def basic(user, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def command_lines():
    """Of all processes that were started here and have not ended."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # or a zombie, which has none
            found.append(" ".join(process.cmdline()))
    return found


@pytest.fixture
def chamber():
    with LocalChamber(grace=1.0, sample_interval=0.2) as running:
        yield running


@pytest.fixture
def call(chamber):
    return Caller(chamber)


@pytest.fixture
def simulated():
    """A caller of a Chamber whose workloads are not run."""
    with LocalChamber(executor="simulated", gpus={"H100": 8, "A100": 2}) as running:
        yield Caller(running)


@pytest.fixture
def tools():
    """The functions above, which test modules cannot import by name."""
    return sys.modules[__name__]
