import asyncio
import io

from rich.console import Console

from chamber.core.redaction import Secret
from chamber.run.progress import Display, Reporter


def test_the_display_keeps_one_line_for_each_stage() -> None:
    written = io.StringIO()
    display = Display(Console(file=written, force_terminal=True, width=80))
    display("config", "first")
    display("upload", "half [of] it")
    display("upload", "all of it")
    display.close()
    last = written.getvalue().rpartition("config")[2]
    assert "first" in last
    assert "all of it" in last
    assert "half [of] it" not in last


def test_the_display_keeps_every_warning() -> None:
    written = io.StringIO()
    display = Display(Console(file=written, force_terminal=True, width=80))
    for message in ("warning: first", "warning: second", "all"):
        display("config", message)
    display.close()
    last = written.getvalue().rpartition("first")[2]
    assert "second" in last
    assert "all" in last


async def test_a_reporter_tells_whoever_wants_to_know() -> None:
    told: list[tuple[str, str]] = []
    async with Reporter(lambda stage, message: told.append((stage, message))) as report:
        await report("wait", "RUNNING")
    assert told == [("wait", "RUNNING")]


async def test_without_a_terminal_nothing_is_shown(capsys: object) -> None:
    async with Reporter(progress=True) as report:
        await report("wait", "RUNNING")
    await asyncio.sleep(0)
    assert capsys.readouterr() == ("", "")  # type: ignore[attr-defined]


async def test_no_secret_is_told_to_anybody() -> None:
    told: list[str] = []
    kept = Secret("sesame-opens-4711")
    await Reporter(lambda _stage, message: told.append(message))("docker", "logged in as ada:sesame-opens-4711")
    assert told == ["logged in as ada:***"]
    assert kept
