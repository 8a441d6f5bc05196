import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from chamber.core.errors import ConfigurationError
from chamber.run.registry import programs


async def test_a_program_is_asked_and_answers(program: Callable[[str, str], Path]) -> None:
    program("oracle", 'read question; echo "$1 $question"; echo hm >&2; exit 3')
    assert await programs.ask(["oracle", "get"], b"who\n") == (3, b"get who\n", b"hm\n")


async def test_little_of_the_environment_is_passed_on(
    program: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = ["CHAMBER_TOKEN", "GH_TOKEN", "GITHUB_TOKEN", "CI_JOB_TOKEN", "WANDB_API_KEY", "HF_TOKEN", "PYTHONPATH"]
    for name in [*secrets, "AWS_PROFILE", "https_proxy"]:
        monkeypatch.setenv(name, "x")
    program("oracle", "env")
    _, output, _ = await programs.ask(["oracle"], added={"MORE": "y"})
    seen = {line.partition("=")[0] for line in output.decode().splitlines()}
    assert not seen & set(secrets)
    assert {"PATH", "HOME", "AWS_PROFILE", "https_proxy", "MORE"} <= seen


async def test_a_program_that_is_not_installed_is_no_error() -> None:
    assert await programs.ask(["no-such-program"]) == (127, b"", b"")


async def test_a_program_that_hangs_is_ended_with_all_that_it_started(
    program: Callable[[str, str], Path], tmp_path: Path
) -> None:
    program("oracle", f"sleep 600 & echo $! > {tmp_path}/child; wait")
    with pytest.raises(ConfigurationError, match=r"oracle did not answer within 0\.5 s"):
        await programs.ask(["oracle"], seconds=0.5)
    _ended(int((tmp_path / "child").read_text()))


async def test_who_stops_waiting_ends_the_program(program: Callable[[str, str], Path], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pid")
    program("oracle", f"echo $$ > {tmp_path}/pid; sleep 600")
    asking = asyncio.create_task(programs.ask(["oracle"]))
    pid = int(await asyncio.to_thread((tmp_path / "pid").read_text))
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    _ended(pid)


async def test_output_without_end_is_cut_off(program: Callable[[str, str], Path]) -> None:
    program("oracle", "yes")
    with pytest.raises(ConfigurationError, match="did not answer"):
        await programs.ask(["oracle"], seconds=0.5)


def _ended(pid: int) -> None:
    """Wait until a process is gone, or is a zombie that nobody reaps here."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
            if "Z" in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2]:
                return
        except (ProcessLookupError, FileNotFoundError):
            return
        time.sleep(0.01)
    pytest.fail(f"process {pid} is still there")
