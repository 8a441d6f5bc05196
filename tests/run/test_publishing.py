import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chamber.core import ChamberClient
from chamber.core.errors import DockerError
from chamber.local import LocalChamber
from chamber.run.errors import RegistryAuthError
from chamber.run.targets import Registry

Program = Callable[[str, str], Path]


@pytest.fixture
def client(own_settings: Path) -> Iterator[ChamberClient]:
    with LocalChamber() as chamber, chamber.client() as made:
        yield made


def _project(directory: Path, **files: str) -> Path:
    directory.mkdir()
    for name, text in {"train.py": "", **files}.items():
        (directory / name).write_text(text)
    return directory


def _error(client: ChamberClient, directory: Path, registry: str, **options: Any) -> DockerError:
    with pytest.raises(DockerError) as failed:
        client.run(directory, team="init_local", registry=registry, **options)
    assert client.list_workloads().items == []
    return failed.value


def _stored(registry: Registry, name: str) -> bool:
    connection = http.client.HTTPConnection(registry.prefix)
    connection.request("GET", f"/v2/{name}/tags/list")
    answer = connection.getresponse().status
    connection.close()
    return answer != 404


def test_where_no_engine_answers_the_error_says_what_it_is_for_and_what_would_avoid_it(
    client: ChamberClient, open_registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAMBER_ENGINE", "nerdctl")
    project = _project(tmp_path / "lacks", **{"requirements.txt": "six"})
    registry = f"{open_registry.prefix}/none"
    planned = client.plan(project, team="init_local", registry=registry)
    assert planned.environment_key
    message = str(_error(client, project, registry))
    for part in ("requirements.txt", "container engine", "nerdctl: not installed", "base_image", "chamber-local"):
        assert part in message
    assert not _stored(open_registry, "none/lacks")


def test_a_dockerfile_of_the_project_needs_an_engine_too(
    client: ChamberClient, open_registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAMBER_ENGINE", "nerdctl")
    project = _project(tmp_path / "own", Dockerfile="FROM scratch\n")
    message = str(_error(client, project, f"{open_registry.prefix}/none"))
    assert message.startswith("Dockerfile makes the image, so a container engine has to build the image.")
    assert "'ignore'" in message


class _ReadOnly(http.server.BaseHTTPRequestHandler):
    """A registry without images to which this user may not push (distribution specification, "Error Codes")."""

    asked: list[str]

    def do_HEAD(self) -> None:
        self._answer(404, b"")

    def do_POST(self) -> None:
        self._answer(403, b'{"errors": [{"code": "DENIED", "message": "you may look and not touch"}]}')

    def _answer(self, status: int, body: bytes) -> None:
        self.asked.append(f"{self.command} {self.path}")
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def read_only() -> Iterator[tuple[str, list[str]]]:
    handler = type("Handler", (_ReadOnly,), {"asked": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}", handler.asked
        server.shutdown()


def test_who_may_not_push_learns_it_before_anything_is_built(
    client: ChamberClient, read_only: tuple[str, list[str]], engine_program: Program, tmp_path: Path
) -> None:
    host, asked = read_only
    log = engine_program("docker", "echo 28")
    project = _project(tmp_path / "p", **{"requirements.txt": "six"})
    error = _error(client, project, f"{host}/team")
    assert isinstance(error, RegistryAuthError)
    assert error.registry == host
    assert "you may look and not touch" in str(error)
    assert "build\n--" not in log.read_text()
    assert any(request.startswith("POST /v2/team/p/blobs/uploads/") for request in asked)


def _called(log: Path) -> list[list[str]]:
    return [call.split("\n") for call in log.read_text().strip().split("\n\n")]


def test_buildx_is_asked_once_to_build_and_to_push(
    client: ChamberClient, open_registry: Registry, engine_program: Program, tmp_path: Path
) -> None:
    log = engine_program("docker", 'test "$1 $2" = "buildx build" && cat "${8#--file=}"; echo 28')
    project = _project(tmp_path / "p", **{"requirements.txt": "six"})
    told: list[str] = []
    error = _error(
        client,
        project,
        f"{open_registry.prefix}/scripted",
        base_image="docker.io/library/python:3.12-slim",
        on_progress=lambda stage, message: told.append(message),
    )
    assert "docker buildx says that it pushed" in str(error)
    build = next(call for call in _called(log) if call[:2] == ["buildx", "build"])
    name = f"{open_registry.prefix}/scripted/p"
    tag = next(word for word in build if word.startswith(f"--tag={name}:env-") and not word.endswith(":env-cache"))
    assert build[2:5] == ["--progress=plain", "--push", f"--tag={name}:env-cache"]
    assert {"--cache-to=type=inline", "--platform=linux/amd64", tag} <= set(build)
    assert not any(call[0] == "push" for call in _called(log))
    assert not Path(build[-1]).exists()


def test_nerdctl_builds_and_then_pushes(
    client: ChamberClient, open_registry: Registry, engine_program: Program, tmp_path: Path
) -> None:
    log = engine_program("nerdctl", "echo 2.0")
    project = _project(tmp_path / "p", Dockerfile="FROM scratch\nCOPY . .\n")
    error = _error(client, project, f"{open_registry.prefix}/scripted", no_cache=True)
    assert "nerdctl says that it pushed" in str(error)
    _, build, push = _called(log)
    assert build[:4] == ["build", "--no-cache", "--pull", "--progress=plain"]
    assert push[:3] == ["--insecure-registry", "push", "--"]
    assert f"--tag={push[3]}" in build
