"""`client.run()` of projects that an engine has to build for, with real engines and real registries."""

import base64
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chamber.core import ChamberClient
from chamber.core.errors import DockerError
from chamber.local import LocalChamber
from chamber.run.errors import RegistryAuthError
from chamber.run.targets import Registry

pytestmark = pytest.mark.engine

CODE = "import six, sys; print('with six', six.__version__, *sys.argv[1:])\n"


@pytest.fixture
def chamber(own_settings: Path) -> Iterator[LocalChamber]:
    with LocalChamber() as running:
        yield running


@pytest.fixture
def client(chamber: LocalChamber) -> Iterator[ChamberClient]:
    with chamber.client() as made:
        yield made


def _project(directory: Path, code: str = CODE, **files: str) -> Path:
    for name, text in {"train.py": code, "requirements.txt": f"six==1.17.0  # {directory}\n", **files}.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text)
    return directory


def _run(client: ChamberClient, directory: Path, **arguments: Any) -> tuple[str, list[str]]:
    """The image that a run made, and what it told."""
    told: list[str] = []

    def tell(stage: str, message: str) -> None:
        told.append(f"{stage}: {message}")

    client.run(directory, team="init_local", on_progress=tell, **arguments)
    return [word for line in told if line.startswith("upload: ") for word in line.split() if "@sha256:" in word][
        -1
    ], told


def _content(directory: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path): (path.stat().st_mode, path.read_bytes() if path.is_file() else b"")
        for path in [directory, *directory.rglob("*")]
    }


def test_a_project_with_dependencies_runs_and_an_edit_takes_no_engine(
    real: Any,
    base: str,
    client: ChamberClient,
    guarded_registry: Registry,
    login_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    project = _project(tmp_path / "p")
    options: dict[str, Any] = {"registry": f"{guarded_registry.prefix}/team", "base_image": base}
    image, told = _run(client, project, **options)
    assert "@sha256:" in image
    assert any("Successfully installed six" in line for line in told)
    assert real.run(image, "python", "train.py", "--lr", "1") == "with six 1.17.0 --lr 1\n"

    monkeypatch.setenv("CHAMBER_ENGINE", "nerdctl")  # which is not here: whoever asked for an engine would fail
    _project(project, code="print('edited'); " + CODE)
    edited, told = _run(client, project, **options, entrypoint_args="--lr 2", gpus=2)
    assert edited != image
    assert any(line.startswith("upload: uploaded 1 layer of ") for line in told)
    assert real.run(edited, "python", "train.py") == "edited\nwith six 1.17.0\n"
    same, told = _run(client, project, **options)
    assert same == edited
    assert any("nothing to upload" in line for line in told)


def test_chamber_locals_own_registry_takes_what_engines_push(
    real: Any, base: str, chamber: LocalChamber, client: ChamberClient, docker_config: Path, tmp_path: Path
) -> None:
    image, _ = _run(client, _project(tmp_path / "p"), base_image=base)
    pair = base64.b64encode(f"chamber:{chamber.token}".encode()).decode()
    (docker_config / "config.json").write_text(json.dumps({"auths": {image.partition("/")[0]: {"auth": pair}}}))
    assert real.run(image, "python", "train.py") == "with six 1.17.0\n"
    real.remove(image.partition("/")[0])


def test_a_dockerfile_of_the_project_is_built_whole_and_the_project_stays_as_it_is(
    real: Any, base: str, client: ChamberClient, open_registry: Registry, tmp_path: Path
) -> None:
    dockerfile = f'FROM {base}\nWORKDIR /srv\nCOPY . .\nRUN ["sh", "-c", "ls -A > /listed"]\n'
    project = _project(tmp_path / "p", "print('mine')", **{"docker/Dockerfile": dockerfile, ".env": "KEY=1"})
    for path in (project / "train.py", project / "docker", project):
        path.chmod(0o555)
    before = _content(project)
    options: dict[str, Any] = {"registry": f"{open_registry.prefix}/own", "dockerfile": "docker/Dockerfile"}
    image, told = _run(client, project, **options, extra_pip_packages=["numpy"])
    assert "@sha256:" in image
    assert real.run(image, "sh", "-c", "python train.py; cat /listed").split() == [
        "mine",
        "docker",
        "requirements.txt",
        "train.py",
    ]
    assert _content(project) == before
    again, told = _run(client, project, **options)
    assert again == image
    assert not any("docker: STEP" in line or "docker: Step" in line for line in told)


def test_two_runs_of_one_folder_at_once_build_once(
    real: Any, base: str, client: ChamberClient, open_registry: Registry, tmp_path: Path
) -> None:
    _project(tmp_path / "p")
    ended: list[tuple[str, list[str]]] = []
    options: dict[str, Any] = {"registry": f"{open_registry.prefix}/twice", "base_image": base}
    runs = [threading.Thread(target=lambda: ended.append(_run(client, tmp_path / "p", **options))) for _ in range(2)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert len(ended) == 2
    assert ended[0][0] == ended[1][0]
    assert sum(any(" builds " in line for line in told) for _, told in ended) == 1


def test_a_wrong_password_is_found_before_anything_is_built(
    real: Any,
    base: str,
    client: ChamberClient,
    guarded_registry: Registry,
    login_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pair = base64.b64encode(b"ada:wrong password").decode()
    auths = {"auths": {guarded_registry.prefix: {"auth": pair}}}
    (login_folder / "config.json").write_text(json.dumps(auths))
    told: list[str] = []
    with pytest.raises(RegistryAuthError) as refused:
        client.run(
            _project(tmp_path / "p"),
            team="init_local",
            registry=f"{guarded_registry.prefix}/wrong",
            base_image=base,
            on_progress=lambda stage, message: told.append(message),
        )
    assert refused.value.registry == guarded_registry.prefix
    assert not any("builds" in line for line in told)
    assert client.list_workloads().items == []


def test_a_dependency_that_is_nowhere_is_told_with_what_pip_said(
    real: Any, base: str, client: ChamberClient, open_registry: Registry, tmp_path: Path
) -> None:
    project = _project(tmp_path / "p", **{"requirements.txt": "six==0.0.0.1\n"})
    with pytest.raises(DockerError, match=r"No matching distribution found for six==0\.0\.0\.1"):
        _run(client, project, registry=f"{open_registry.prefix}/broken", base_image=base)
    assert client.list_workloads().items == []
    assert real.is_rid_of(base)


INTERRUPTED = """
import sys
from chamber.core import ChamberClient
def tell(stage, message):
    print(message, flush=True)
with ChamberClient(token={token!r}, api_url={url!r}) as client:
    client.run({project!r}, team="init_local", registry={registry!r}, on_progress=tell)
"""


@contextlib.contextmanager
def killed_at_the_end(process: "subprocess.Popen[str]") -> Iterator[None]:
    try:
        yield
    finally:
        process.kill()
        process.communicate()


def _until(process: "subprocess.Popen[str]", is_it: Callable[[str], bool]) -> None:
    assert process.stdout is not None
    seen = []
    for line in process.stdout:
        seen.append(line)
        if is_it(line.strip()):
            return
    pytest.fail("".join(seen))


def test_after_control_c_neither_process_nor_container_is_left(
    real: Any, base: str, chamber: LocalChamber, client: ChamberClient, open_registry: Registry, tmp_path: Path
) -> None:
    step = f"import time; print('be' 'gun', flush=True); time.sleep(600)  # {base}"
    slow = f"FROM {base}\nRUN {json.dumps(['python', '-c', step])}\n"
    project = _project(tmp_path / "p", "", Dockerfile=slow)
    mark = f"stopped-{uuid.uuid4().hex}"
    code = INTERRUPTED.format(
        token=chamber.token, url=chamber.api_url, project=str(project), registry=f"{open_registry.prefix}/{mark}"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    with killed_at_the_end(process):
        _until(process, lambda line: line == "begun")
        assert _running(f"{mark}/p")
        assert real.containers_of(base)
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT, errors
    assert "KeyboardInterrupt" in errors
    assert not re.search("Traceback.*Exception ignored", errors, re.DOTALL)
    assert not _running(f"{mark}/p")
    assert not _running(base)
    assert real.is_rid_of(base)
    assert client.list_workloads().items == []


def _running(word: str) -> list[str]:
    lines = subprocess.run(["ps", "axww", "-o", "args"], capture_output=True, text=True, check=True).stdout
    return [line for line in lines.splitlines() if word in line]
