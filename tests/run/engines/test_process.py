import asyncio
import gc
import os
import signal
import sys
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from chamber.core.errors import DockerError
from chamber.run.engines import descendants
from chamber.run.engines.guard import Ending
from chamber.run.engines.output import Output
from chamber.run.engines.process import allowed, answer, run

#: Starts a process in a session of its own, as podman does with a container, says so, and waits.
PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
print(child.pid, flush=True)
{then}
"""


async def _quietly(_line: str) -> None:
    pass


def _python(code: str) -> list[str]:
    return [sys.executable, "-u", "-c", code]


def _is_gone(pid: int) -> bool:
    """Whether no process has the id, or a dead one that nobody has asked after."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
    return False


async def test_lines_are_said_while_the_process_runs(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    said: list[str] = []

    async def say(line: str) -> None:
        said.append(line)
        if line == "waiting":
            await asyncio.to_thread(gate.write_text, "go")

    code = f"print('waiting'); open({str(gate)!r}).read(); print('done'); raise SystemExit(3)"
    assert await run(_python(code), {}, Output(), say, 30) == 3
    assert said == ["waiting", "done"]


async def test_a_process_sees_the_environment_it_is_given_and_no_other() -> None:
    output = Output()
    os.environ["CHAMBER_TEST_SECRET"] = "hidden"
    try:
        await run(_python("import os; print(sorted(os.environ))"), {"PATH": "/x"}, output, _quietly, 30)
    finally:
        del os.environ["CHAMBER_TEST_SECRET"]
    assert "CHAMBER_TEST_SECRET" not in output.tail
    assert "PATH" in output.tail


async def test_silence_ends_it_and_noise_does_not() -> None:
    noisy = "import time\nfor _ in range(8): print('.'); time.sleep(0.1)"
    assert await run(_python(noisy), {}, Output(), _quietly, 0.6) == 0
    with pytest.raises(DockerError, match=r"no output for 0\.3 s and was stopped(.|\n)*the last word"):
        await run(_python("print('the last word'); import time; time.sleep(600)"), {}, Output(), _quietly, 0.3)


@pytest.mark.parametrize(("then", "patience"), [("time.sleep(600)", 0.0), ("child.wait()", 0.6)])
async def test_cancelled_it_leaves_neither_itself_nor_what_it_started(then: str, patience: float) -> None:
    child: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def say(line: str) -> None:
        child.set_result(int(line))

    running = asyncio.ensure_future(
        run(_python(PARENT.format(then=then)), {}, Output(), say, 600, Ending(patience=patience))
    )
    pid = await asyncio.wait_for(child, 30)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert _is_gone(pid)


def test_cancelled_twice_it_still_leaves_nothing_and_no_open_pipe() -> None:
    asyncio.run(_cancelled_twice())
    gc.collect()


async def _cancelled_twice() -> None:
    child: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def say(line: str) -> None:
        child.set_result(int(line))

    command = _python(PARENT.format(then="child.wait()"))
    running = asyncio.ensure_future(run(command, {}, Output(), say, 600, Ending(patience=0.2)))
    pid = await asyncio.wait_for(child, 30)
    running.cancel()
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert _is_gone(pid)


EXITING = """
import asyncio, sys, threading
from chamber.run.engines.output import Output
from chamber.run.engines.process import run
begun = threading.Event()
async def say(line):
    print(line, flush=True)
    begun.set()
def build():
    asyncio.run(run([sys.executable, "-uc", {code!r}], {{}}, Output(), say, 600))
threading.Thread(target=build, daemon=True).start()
begun.wait()
"""


async def test_the_end_of_the_program_is_the_end_of_the_process_whoever_waits_for_it() -> None:
    script = EXITING.format(code=PARENT.format(then="time.sleep(600)"))
    program = await asyncio.create_subprocess_exec(*_python(script), stdout=-1, stderr=-1)
    output, errors = await asyncio.wait_for(program.communicate(), 60)
    assert (program.returncode, errors) == (0, b"")
    assert _is_gone(int(output))


async def test_what_it_leaves_is_removed_by_the_command_that_is_asked_for(tmp_path: Path) -> None:
    async def fail(_line: str) -> None:
        raise InterruptedError

    ending = Ending(removal=lambda: [sys.executable, "-c", f"open({str(tmp_path / 'removed')!r}, 'w')"])
    with pytest.raises(InterruptedError):
        await run(_python("print(1); import time; time.sleep(600)"), {}, Output(), fail, 600, ending)
    assert (tmp_path / "removed").exists()


async def test_with_patience_it_may_clean_up_once_its_child_was_ended(tmp_path: Path) -> None:
    cleaned = tmp_path / "cleaned"
    then = f"child.wait(); open({str(cleaned)!r}, 'w').close()"

    async def fail(_line: str) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        await run(_python(PARENT.format(then=then)), {}, Output(), fail, 600, Ending(patience=20))
    assert cleaned.exists()


async def test_what_does_not_heed_signals_is_ended_all_the_same() -> None:
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf'); time.sleep(600)"
    begun = time.monotonic()

    async def fail(_line: str) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        await run(_python(deaf), {}, Output(), fail, 600)
    assert time.monotonic() - begun < 10


async def test_a_program_that_is_not_there_is_an_error_of_ours() -> None:
    with pytest.raises(DockerError, match="cannot be started"):
        await run(["/nowhere/docker"], {}, Output(), _quietly, 1)
    assert (await answer(["/nowhere/docker"], {}, 1))[0] == 127
    assert await answer(_python("print('here')"), {}, 30) == (0, "here")


def test_an_engine_sees_its_own_variables_and_no_token() -> None:
    kept = {"PATH": "/bin", "HOME": "/h", "DOCKER_HOST": "ssh://a", "CONTAINERS_CONF": "c", "https_proxy": "p"}
    strange = {"CHAMBER_TOKEN": "ch.x", "AWS_SECRET_ACCESS_KEY": "k", "LD_PRELOAD": "x", "PYTHONPATH": "y"}
    assert allowed({**kept, **strange}) == kept


def test_another_process_of_the_same_id_is_left_alone() -> None:
    before = descendants._read(os.getpid())
    assert before is not None
    descendants.kill(replace(before, started=before.started - 1))
    assert descendants.is_alive(os.getpid())


@pytest.mark.skipif(not hasattr(signal, "pidfd_send_signal"), reason="only Linux tells of processes in /proc")
async def test_descendants_are_found_at_any_depth_unless_a_signal_to_the_group_reaches_them() -> None:
    process = await asyncio.create_subprocess_exec(
        *_python(PARENT.format(then="time.sleep(600)")), stdout=asyncio.subprocess.PIPE, start_new_session=True
    )
    assert process.stdout is not None
    child = int(await process.stdout.readline())
    found = descendants.outside_group(process.pid)
    assert [one.pid for one in found] == [child]
    process.kill()
    for one in found:
        descendants.kill(one)
    await process.communicate()
    assert _is_gone(child)
