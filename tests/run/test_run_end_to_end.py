"""`run()` with nothing replaced: a real project, the embedded Chamber, real processes."""

import asyncio
import base64
import contextlib
import functools
import hashlib
import http.server
import threading
import zipfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from chamber.core import ChamberClient
from chamber.core.errors import AuthenticationError, ChamberError, TransportError, WaitTimeout, WorkloadFailedError
from chamber.core.models import Workload
from chamber.core.transport import Transport
from chamber.local import LocalChamber
from chamber.run import DryRunResult

EXAMPLE = Path(__file__).parents[2] / "examples" / "char-model"


@pytest.fixture
def chamber(own_settings: Path) -> Iterator[LocalChamber]:
    with LocalChamber() as running:
        yield running


@pytest.fixture
def client(chamber: LocalChamber) -> Iterator[ChamberClient]:
    with chamber.client() as made:
        yield made


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Methods and paths of the requests to the registry, which go there as ever."""
    requests: list[str] = []
    stream = Transport.stream

    @contextlib.asynccontextmanager
    async def counted(self: Transport, method: str, url: str, **options: Any) -> AsyncIterator[Any]:
        requests.append(f"{method} {url.partition('/v2/')[2]}")
        async with stream(self, method, url, **options) as answer:
            yield answer

    monkeypatch.setattr(Transport, "stream", counted)
    return requests


def _project(directory: Path, code: str, **files: str) -> Path:
    for name, text in {"train.py": code, **files}.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text)
    return directory


def _run(client: ChamberClient, directory: Path, **arguments: Any) -> Workload:
    usual: dict[str, Any] = {"team": "init_local", "wait": True, "poll_interval": 0.05, "timeout": 60.0}
    return client.run(directory, **usual | arguments)


def _digest(directory: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path): (path.stat().st_mode, path.read_bytes() if path.is_file() else b"")
        for path in [directory, *directory.rglob("*")]
    }


def test_a_project_runs_to_its_end(chamber: LocalChamber, client: ChamberClient, tmp_path: Path) -> None:
    _project(
        tmp_path, "import os, sys; print(os.environ['A'], sys.argv[1:], open('data/x').read())", **{"data/x": "42"}
    )
    workload = _run(client, tmp_path, env={"A": "b c"}, entrypoint_args="--n 'd e'")
    assert workload.status == "COMPLETED"
    assert chamber.logs(workload.id) == "b c ['--n', 'd e'] 42\n"
    assert workload.raise_for_status() is workload


def test_the_example_learns(chamber: LocalChamber, client: ChamberClient) -> None:
    workload = _run(client, EXAMPLE, entrypoint_args="--steps 60")
    losses = [float(line.split()[-1]) for line in chamber.logs(workload.id).splitlines() if "loss" in line]
    assert len(losses) == 3
    assert losses == sorted(losses, reverse=True)


def test_the_example_fails_when_it_is_told_to(client: ChamberClient) -> None:
    workload = _run(client, EXAMPLE, entrypoint_args="--steps 3 --break")
    assert (workload.status, workload.exit_code) == ("FAILED", 3)
    assert "told to stop" in str(workload.failure_reason)


def test_each_step_is_told_in_order_and_each_status(client: ChamberClient, tmp_path: Path) -> None:
    told: list[tuple[str, str]] = []
    _run(client, _project(tmp_path, ""), on_progress=lambda stage, message: told.append((stage, message)))
    stages = list(dict.fromkeys(stage for stage, _ in told))
    assert stages == ["config", "detect", "dockerfile", "manifest", "docker", "upload", "submit", "wait"]
    assert told[-1][1].endswith("is COMPLETED")


def test_what_may_surprise_is_told_before_anything_is_uploaded(client: ChamberClient, tmp_path: Path) -> None:
    told: list[tuple[str, str]] = []
    env = {"WANDB_API_KEY": "a-hidden-value"}
    _run(client, _project(tmp_path, ""), env=env, on_progress=lambda stage, message: told.append((stage, message)))
    warned = next(n for n, (_, message) in enumerate(told) if message.startswith("warning: The manifest"))
    assert warned < next(n for n, (stage, _) in enumerate(told) if stage == "upload")
    assert "a-hidden-value" not in str(told)


def test_an_unchanged_project_is_looked_for_once_and_nothing_is_uploaded(
    client: ChamberClient, tmp_path: Path, sent: list[str]
) -> None:
    _run(client, _project(tmp_path, "print(1)"), name="unchanged")
    sent.clear()
    _run(client, tmp_path, name="unchanged", gpus=4, entrypoint_args="--lr 1", env={"A": "1"})
    assert len(set(sent)) == 1  # twice: the first is answered with how to log in
    assert sent[0].startswith("HEAD unchanged/manifests/")


def test_an_edit_uploads_one_layer_and_what_names_it(client: ChamberClient, tmp_path: Path, sent: list[str]) -> None:
    told: list[str] = []
    _run(client, _project(tmp_path, "print(1)"), name="edited")
    sent.clear()
    _run(client, _project(tmp_path, "print(2)"), name="edited", on_progress=lambda _, message: told.append(message))
    written = [request for request in sent if request.startswith(("PUT", "POST", "PATCH"))]
    assert sum("/blobs/uploads/" in request and request.startswith("POST") for request in written) == 2
    assert sum(request.startswith("PUT edited/manifests/") for request in written) == 1
    assert any(message.startswith("uploaded 1 layer of ") for message in told)


def test_without_the_cache_everything_is_made_again(client: ChamberClient, tmp_path: Path, sent: list[str]) -> None:
    _run(client, _project(tmp_path, "print(1)"), name="anew")
    sent.clear()
    _run(client, tmp_path, name="anew", no_cache=True)
    assert any(request.startswith("PUT anew/manifests/") for request in sent)


def test_a_job_that_exits_1_is_returned_as_failed(client: ChamberClient, tmp_path: Path) -> None:
    workload = _run(client, _project(tmp_path, "raise SystemExit('out of luck')"))
    assert (workload.status, workload.exit_code) == ("FAILED", 1)
    assert "out of luck" in str(workload.failure_reason)
    with pytest.raises(WorkloadFailedError, match="out of luck"):
        workload.raise_for_status()


def test_a_job_that_is_killed_is_returned_as_failed(client: ChamberClient, tmp_path: Path) -> None:
    workload = _run(client, _project(tmp_path, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"))
    assert workload.status == "FAILED"
    assert workload.failure_reason


def test_waiting_ends_in_time_and_the_job_goes_on(client: ChamberClient, tmp_path: Path) -> None:
    _project(tmp_path, "import time; time.sleep(60)")
    with pytest.raises(WaitTimeout, match="goes on running") as late:
        _run(client, tmp_path, timeout=0.3)
    assert client.cancel_workload(late.value.workload.id).id == late.value.workload.id


def test_without_waiting_the_workload_is_returned_as_submitted(client: ChamberClient, tmp_path: Path) -> None:
    workload = _run(client, _project(tmp_path, ""), wait=False)
    assert workload.initiative_id == "init_local"
    assert client.wait_for_completion(workload.id, poll_interval=0.05, timeout=60).status == "COMPLETED"


def test_nothing_is_written_into_the_project(client: ChamberClient, tmp_path: Path) -> None:
    _project(tmp_path, "open('written', 'w').close(); import module", **{"module.py": "", ".chamber.yaml": "gpus: 2"})
    before = _digest(tmp_path)
    assert _run(client, tmp_path).status == "COMPLETED"
    assert _digest(tmp_path) == before


async def test_the_async_client_runs_too(chamber: LocalChamber, tmp_path: Path) -> None:
    _project(tmp_path, "print('hello')")
    async with chamber.async_client() as client:
        planned = await client.run(tmp_path, team=chamber.team, dry_run=True)
        workload = await client.run(tmp_path, team=chamber.team, wait=True, poll_interval=0.05)
    assert isinstance(planned, DryRunResult)
    assert chamber.logs(workload.id) == "hello\n"


def test_what_stops_on_the_way_submits_nothing(client: ChamberClient, tmp_path: Path) -> None:
    def stop(stage: str, message: str) -> None:
        if stage == "upload":
            raise InterruptedError(message)

    with pytest.raises(InterruptedError):
        _run(client, _project(tmp_path, ""), on_progress=stop)
    assert client.list_workloads().items == []


async def test_what_is_cancelled_on_the_way_submits_nothing(chamber: LocalChamber, tmp_path: Path) -> None:
    async with chamber.async_client() as client:

        def cancel(stage: str, _: str) -> None:
            if stage == "upload":
                running.cancel()

        running = asyncio.ensure_future(client.run(_project(tmp_path, ""), team=chamber.team, on_progress=cancel))
        with pytest.raises(asyncio.CancelledError):
            await running
        assert (await client.list_workloads()).items == []


def test_a_bad_token_is_found_before_anything_is_uploaded(
    chamber: LocalChamber, tmp_path: Path, sent: list[str]
) -> None:
    with ChamberClient(token="ch.wrong", api_url=chamber.api_url) as stranger, pytest.raises(AuthenticationError):
        _run(stranger, _project(tmp_path, ""), save_manifest=True)
    assert sent == []
    assert [path.name for path in tmp_path.iterdir()] == ["train.py"]


def test_what_was_pushed_for_a_team_that_does_not_exist_is_there_for_one_that_does(
    client: ChamberClient, tmp_path: Path, sent: list[str]
) -> None:
    _project(tmp_path, "print(1)")
    with pytest.raises(ChamberError, match="init_nobody"):
        client.run(tmp_path, team="init_nobody")
    sent.clear()
    assert _run(client, tmp_path).status == "COMPLETED"
    assert {request.partition(" ")[0] for request in sent} <= {"GET", "HEAD"}


def test_with_a_budget_a_team_that_does_not_exist_is_found_before_anything_is_uploaded(
    client: ChamberClient, tmp_path: Path, sent: list[str]
) -> None:
    with pytest.raises(ChamberError, match="init_nobody"):
        client.run(_project(tmp_path, "print(1)"), team="init_nobody", max_gpu_hours=1)
    assert sent == []


def test_an_api_that_is_not_there_is_found_before_anything_is_uploaded(tmp_path: Path, sent: list[str]) -> None:
    with (
        ChamberClient(token="ch.x", api_url="http://127.0.0.1:9/v1", timeout=1) as client,
        pytest.raises(TransportError),
    ):
        _run(client, _project(tmp_path, ""), registry="127.0.0.1:9", save_manifest=True)
    assert sent == []


def test_two_runs_of_one_folder_at_once_both_end_well(client: ChamberClient, tmp_path: Path) -> None:
    _project(tmp_path, "print(1)")
    ended: list[Workload] = []
    threads = [threading.Thread(target=lambda: ended.append(_run(client, tmp_path))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [workload.status for workload in ended] == ["COMPLETED"] * 3
    assert len({workload.id for workload in ended}) == 3


def _wheel(folder: Path) -> None:
    """A distribution `tide` 1.0 of one module, as a wheel (PyPA, binary distribution format)."""
    folder.mkdir(parents=True)
    files = {
        "tide.py": "level = 7\n",
        "tide-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: tide\nVersion: 1.0\n",
        "tide-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip('=')},\n"
        for name, text in files.items()
    )
    with zipfile.ZipFile(folder / "tide-1.0-py3-none-any.whl", "w") as wheel:
        for name, text in {**files, "tide-1.0.dist-info/RECORD": record}.items():
            wheel.writestr(name, text)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[str]:
    """A package index with `tide` in it (PyPA, simple repository API), on loopback."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    _wheel(tmp_path / "index" / "tide")
    serving = functools.partial(Quiet, directory=str(tmp_path / "index"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), serving) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_project_with_dependencies_runs_in_an_environment_that_is_made_once(
    chamber: LocalChamber, client: ChamberClient, tmp_path: Path, index: str, sent: list[str]
) -> None:
    code = "import sys, tide; print(tide.level, sys.prefix)"
    requirements = f"--index-url {index}\n-r more/tide.txt\n"
    project = _project(tmp_path / "p", code, **{"requirements.txt": requirements, "more/tide.txt": "tide==1.0\n"})
    first = _run(client, project)
    assert first.status == "COMPLETED", first.failure_reason
    level, prefix = chamber.logs(first.id).split()[-2:]
    assert level == "7"
    assert Path(prefix).name != "p"

    _project(project, code + "\nprint('again')")
    sent.clear()
    second = _run(client, project)
    assert chamber.logs(second.id).split()[-3:] == [level, prefix, "again"]
    assert sum(request.startswith("POST") for request in sent) == 2
