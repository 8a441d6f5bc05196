"""`logs()` against the embedded Chamber: real processes that print, on both faces, through cuts."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from chamber.core import (
    ChamberClient,
    LogLine,
    NotFoundError,
    PluginError,
    ServerError,
    TransportError,
    ValidationError,
    Workload,
    portal,
)
from chamber.core.hooks import hookimpl
from chamber.core.output import LogSource, Pod
from chamber.core.testing import RecordingTransport, Reply, recorded_client, registered
from chamber.local import LocalChamber

WORKLOAD = {"id": "wl_1", "name": "train", "status": "COMPLETED"}


def manifest(code: str, pods: int = 1, env: dict[str, str] | None = None) -> str:
    held = [{"name": name, "value": value} for name, value in (env or {}).items()]
    container = {"name": "main", "image": "chamber.local/python:latest", "command": ["python", "-c", code], "env": held}
    several = {"completions": pods, "parallelism": pods, "completionMode": "Indexed"} if pods > 1 else {}
    spec = {**several, "template": {"spec": {"containers": [container], "restartPolicy": "Never"}}}
    return json.dumps({"apiVersion": "batch/v1", "kind": "Job", "spec": spec})


#: Prints a line for each line of a pipe, so that a test says when.
ECHO = """
import os
with open(os.environ["PIPE"]) as pipe:
    for line in pipe:
        print(line, end="", flush=True)
"""


@pytest.fixture(params=["documented", "legacy"])
def chamber(request: pytest.FixtureRequest) -> Iterator[LocalChamber]:
    with LocalChamber(dialect=request.param, grace=0.0) as running:
        yield running


@pytest.fixture
def client(chamber: LocalChamber) -> Iterator[ChamberClient]:
    with chamber.client(clock=chamber.virtual_time) as made:
        yield made


@pytest.fixture
def submit(chamber: LocalChamber, client: ChamberClient) -> Callable[..., str]:
    def submitted(code: str, pods: int = 1, env: dict[str, str] | None = None) -> str:
        text = manifest(code, pods, env)
        return client.submit_job("train", chamber.team, "H100", pods, "ELASTIC", k8s_manifest=text).id

    return submitted


def texts(client: ChamberClient, workload_id: str, **options: Any) -> list[str]:
    return [str(line) for line in client.logs(workload_id, **options)]


def test_a_job_is_followed_from_before_it_starts_to_its_last_line(client: ChamberClient, submit: Any) -> None:
    found = list(client.logs(submit("print('one'); print(); print('zwei ü', end='')"), follow=True))
    assert found == [LogLine("one"), LogLine(""), LogLine("zwei ü")]


def test_lines_come_while_the_job_runs(chamber: LocalChamber, submit: Any, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with chamber.client() as client:
        lines = client.logs(submit(ECHO, env={"PIPE": str(pipe)}), follow=True)
        with pipe.open("w") as writing:
            for number in range(3):
                writing.write(f"line {number}\n")
                writing.flush()
                assert str(next(lines)) == f"line {number}"
        assert list(lines) == []


def test_the_last_lines_are_those_of_each_pod(client: ChamberClient, submit: Any) -> None:
    code = "import os\nfor i in range(3): print(os.environ['JOB_COMPLETION_INDEX'], i, flush=True)"
    workload = submit(code, 2)
    client.wait_for_completion(workload)
    assert sorted(texts(client, workload, tail=1)) == ["0 2", "1 2"]
    assert texts(client, workload, tail=0) == []
    assert texts(client, workload, pod="1") == ["1 0", "1 1", "1 2"]
    assert texts(client, workload, pod="1", tail=2, follow=True) == ["1 1", "1 2"]
    assert {(line.pod, line.time) for line in client.logs(workload)} == {("0", None), ("1", None)}


def test_a_line_of_a_single_pod_that_begins_like_that_of_several_is_left_as_it_is(
    client: ChamberClient, submit: Any
) -> None:
    assert texts(client, submit("print('[0] epoch')"), follow=True) == ["[0] epoch"]


def test_an_api_that_is_cut_off_while_it_is_followed_is_asked_again(
    chamber: LocalChamber, client: ChamberClient, submit: Any
) -> None:
    workload = submit("for i in range(2000): print('line', i)")
    client.wait_for_completion(workload)
    for kind in ("reset_before", "truncate", "reset_after"):
        chamber.faults.add(kind, method="GET", path=f"/v1/workloads/{workload}/logs", times=2)
    assert texts(client, workload, follow=True) == [f"line {i}" for i in range(2000)]
    assert len(chamber.faults.log) == 6


async def test_the_async_face_gives_the_same_lines(chamber: LocalChamber, submit: Any) -> None:
    workload = submit("print('one'); print('two')")
    async with chamber.async_client() as client:
        assert [str(line) async for line in client.logs(workload, follow=True)] == ["one", "two"]


async def under_way() -> list[str]:
    """What the loop behind the blocking clients is at."""
    return [getattr(task.get_coro(), "__qualname__", "").replace("_tell", "_find") for task in asyncio.all_tasks()]


def test_a_listing_that_is_left_early_leaves_nothing_running(chamber: LocalChamber, submit: Any) -> None:
    with chamber.client() as client:
        lines = client.logs(submit("print('first', flush=True)\nimport time\ntime.sleep(600)"), follow=True)
        assert str(next(lines)) == "first"
        assert "Followed._find" in portal.call(under_way())
        lines.close()
        assert not any(name.startswith("Followed") for name in portal.call(under_way()))


def test_what_is_asked_for_wrongly_is_refused_and_what_is_not_there_not_found(client: ChamberClient) -> None:
    with pytest.raises(ValidationError, match="tail is a whole number of 0 or more"):
        list(client.logs("wl_1", tail=-1))
    with pytest.raises(NotFoundError):
        list(client.logs("wl_none"))


def test_an_api_without_output_that_names_no_cluster_is_an_error_that_says_so() -> None:
    for absent in (Reply(404, {}), Reply(405, {}), Reply(403, {}), Reply(200, {"workloads": []})):
        transport = RecordingTransport({"GET workloads/wl_1": WORKLOAD, "GET workloads/wl_1/logs": absent})
        with recorded_client(transport) as client, pytest.raises(NotFoundError, match="chamber_log_source"):
            list(client.logs("wl_1"))


def test_an_api_that_fails_is_not_taken_for_one_without_output() -> None:
    transport = RecordingTransport({"GET workloads/wl_1": WORKLOAD, "GET workloads/wl_1/logs": Reply(500, {})})
    with recorded_client(transport) as client, pytest.raises(ServerError):
        list(client.logs("wl_1"))


class Archive:
    """A source that is cut off after each line, and has its say about what it was asked."""

    def __init__(self, lines: Sequence[str], failing: Sequence[Exception] = ()) -> None:
        self.lines, self.failing, self.asked = lines, list(failing), list[tuple[Any, ...]]()

    async def pods(self) -> Sequence[Pod]:
        return [Pod("main")]

    async def read(self, pod: Pod, *, follow: bool, tail: int | None, after: Any) -> AsyncGenerator[Any, None]:
        self.asked.append((follow, tail, after))
        begin = after or 0
        for place, text in enumerate(self.lines[begin:], begin + 1):
            yield place, LogLine(text, pod.name)
            if self.failing:
                raise self.failing.pop(0)


def followed(source: Archive, **options: Any) -> list[str]:
    class Plugin:
        @hookimpl
        def chamber_log_source(self, workload: Workload, api_url: str) -> LogSource | None:
            return source if (workload.id, api_url) == ("wl_1", "https://chamber.test/v1") else None

    with registered(Plugin()), recorded_client(RecordingTransport({"GET workloads/wl_1": WORKLOAD})) as client:
        return texts(client, "wl_1", **options)


def test_chamber_log_source_of_a_plugin_is_read_again_from_its_last_place() -> None:
    source = Archive(["a", "b", "c"], [TransportError("cut"), TransportError("cut again")])
    assert followed(source, follow=True, tail=5) == ["a", "b", "c"]
    assert source.asked == [(True, 5, None), (True, None, 1), (True, None, 2)]


def test_a_refusal_of_a_source_is_final() -> None:
    with pytest.raises(NotFoundError, match="no such stream"):
        followed(Archive(["a", "b"], [NotFoundError("no such stream", 404)]), follow=True)
    with pytest.raises(NotFoundError, match="no such stream"):
        followed(Archive(["a", "b"], [NotFoundError("no such stream", 404)]))


@pytest.mark.parametrize("options", [{}, {"follow": True}])
def test_what_else_a_source_raises_is_the_plugins_fault_and_said_so(options: dict[str, Any]) -> None:
    with pytest.raises(PluginError, match=r"Archive, a plugin's source of output, failed \(KeyError: 'stream'\)"):
        followed(Archive(["a", "b"], [KeyError("stream")]), **options)
    with pytest.raises(PluginError, match=r"object, a plugin's source of output, failed"):
        followed(object(), **options)  # type: ignore[arg-type]


def test_a_source_is_left_when_its_output_is_no_longer_read() -> None:
    class Opened(Archive):
        async def __aenter__(self) -> None:
            self.asked.append(("opened",))

        async def __aexit__(self, *_: object) -> None:
            self.asked.append(("left",))

    source = Opened(["a"])
    assert followed(source) == ["a"]
    assert source.asked == [("opened",), (False, None, None), ("left",)]


def test_a_source_that_stays_away_is_given_up_after_a_quarter_of_an_hour() -> None:
    class Away(Archive):
        async def read(self, pod: Pod, *, follow: bool, tail: int | None, after: Any) -> AsyncGenerator[Any, None]:
            self.asked.append((follow, tail, after))
            raise TransportError("nobody there")
            yield  # what makes it a generator

    source = Away([])
    with pytest.raises(TransportError, match="nobody there"):
        followed(source, follow=True)
    assert 30 < len(source.asked) < 60
