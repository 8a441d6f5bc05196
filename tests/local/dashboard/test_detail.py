"""One workload in a real browser."""

import contextlib
import json
import sqlite3
import textwrap
import time
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import expect

from chamber.local.storage import samples
from chamber.local.storage.samples import Sample

pytestmark = pytest.mark.asyncio(loop_scope="session")

NASTY = "<img src=x onerror=\"window.hacked='name'\">"


@pytest.fixture
def gate(tmp_path):
    """A file that a job waits for, and code that waits for it."""
    file = tmp_path / "gate"
    waiting = f"""
        import pathlib, time
        while not pathlib.Path({str(file)!r}).exists():
            sum(range(100_000))
            time.sleep(0.01)
    """
    return file, textwrap.dedent(waiting)


async def test_statuses_output_and_measurements_are_followed_to_the_end(working, visit, submit, gate):
    file, waiting = gate
    job = submit(working, "train", code=f"print('loading')\n{waiting}\nprint('done')", tags={"project": "char"})
    page = await visit(working, f"#/workloads/{job}")
    printed, history = page.get_by_role("region", name="Printed lines"), page.locator(".history")
    await expect(page.get_by_role("heading", level=1)).to_have_text("train")
    await expect(page).to_have_title("train · Chamber")
    await expect(history).to_contain_text("Running")
    await expect(printed).to_have_text("loading")
    await expect(page.get_by_text("project: char")).to_be_visible()

    file.touch()

    await expect(printed).to_have_text("loading\ndone")
    await expect(page.get_by_text("This is all that it printed.")).to_be_visible()
    for status in ("Pending", "Queued", "Starting", "Running", "Completed"):
        await expect(history.get_by_text(status)).to_be_visible()
    await expect(page.get_by_role("button", name="Cancel workload")).to_be_disabled()
    for metric in ("CPU, in percent of one core", "Memory"):
        await expect(page.get_by_role("img", name=metric)).to_be_visible()
    await expect(page.get_by_text("Measured of its processes; there is no GPU to measure.")).to_be_visible()


async def test_a_chart_has_a_table_with_the_same_values(working, visit, submit):
    job = submit(working, code="import time; time.sleep(0.5)")
    page = await visit(working, f"#/workloads/{job}")
    await expect(page.locator(".history")).to_contain_text("Completed")
    memory = page.locator("[data-metric=memory_bytes]")
    words = await memory.get_by_role("img").get_attribute("aria-label")

    await memory.get_by_text("Memory as a table").click()

    value = memory.locator("tbody tr").last.locator("td").last
    await expect(value).to_be_visible()
    last = await value.text_content()
    assert f"last {last}, on average" in words
    await _pointed_at(memory)


async def _pointed_at(chart):
    """Point at a chart until it tells the value there; one that has just been drawn anew has not seen the pointer."""
    deadline = time.monotonic() + 20
    while "iB" not in (await chart.locator(".reading").text_content() or ""):
        assert time.monotonic() < deadline
        await chart.get_by_role("img").hover(position={"x": 20, "y": 20})
        await chart.get_by_role("img").hover()


async def test_a_long_measurement_is_averaged_and_gpus_are_shown(chamber, visit, stock):
    stock(chamber, 1)
    with contextlib.closing(sqlite3.connect(chamber._running.folder.database)) as connection, connection:
        for second in range(1000):
            at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
            samples.add(connection, _sample(at, gpu=None if 400 <= second < 600 else second % 100))
    page = await visit(chamber, "#/workloads/wl_old_000000")
    gpu = page.locator("[data-metric=gpu_utilization]")

    await expect(page.get_by_text("1,000 samples. Each point is the average over 4 s.")).to_be_visible()
    await expect(gpu).to_contain_text("last 99 %, on average 49.5 %, from 0 % to 99 %")
    for title in ("GPU utilization", "GPU memory", "GPU power", "GPU temperature"):
        await expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()
    assert (await gpu.locator("path.line").get_attribute("d")).count("M") == 2
    await gpu.get_by_text("GPU utilization as a table").click()
    await expect(gpu.locator("tbody tr").last).to_be_visible()
    assert await gpu.locator("tbody tr").count() <= 240


async def test_nothing_that_a_workload_says_becomes_markup(working, visit, submit):
    lines = [
        "<script>window.hacked='output'</script>",
        "\x1b[31mred\x1b[0m \x1b]8;;https://page.example\x07link\x1b]8;;\x07",
        "10%\r50%\r100%",
        "done\x00\x08\x08!",
    ]
    code = f"import sys; sys.stdout.write({json.dumps(chr(10).join(lines))}); sys.exit({NASTY!r})"
    job = submit(working, NASTY, code=code, tags={"<b>bold</b>": "<i>it</i>"})
    page = await visit(working)
    await page.get_by_role("link", name=NASTY).click()

    await expect(page.get_by_role("heading", level=1)).to_have_text(NASTY)
    printed = page.get_by_role("region", name="Printed lines")
    await expect(printed).to_contain_text("<script>window.hacked='output'</script>\nred link\n100%\ndo!")
    await expect(page.get_by_text("<b>bold</b>: <i>it</i>")).to_be_visible()
    await expect(page.locator(".history")).to_contain_text(NASTY)
    assert await page.evaluate("window.hacked") is None
    assert await page.locator("main img, main script").count() == 0
    assert working.logs(job).startswith(lines[0])


async def test_who_scrolls_up_is_left_there(working, visit, submit, gate):
    file, waiting = gate
    job = submit(working, code=f"print(*range(500), sep=chr(10))\n{waiting}\nprint('end')")
    page = await visit(working, f"#/workloads/{job}")
    printed, follow = page.get_by_role("region", name="Printed lines"), page.get_by_label("Follow")
    await expect(printed).to_contain_text("499")
    await page.wait_for_function("() => { const p = document.querySelector('pre'); return p.scrollTop > 1000 }")

    await printed.focus()
    await page.keyboard.press("Home")
    await expect(follow).not_to_be_checked()
    await page.wait_for_function("() => document.querySelector('pre').scrollTop === 0")  # it glides there
    file.touch()
    await expect(printed).to_contain_text("end")
    assert await printed.evaluate("node => node.scrollTop") < 1000

    await follow.check()
    await page.wait_for_function("() => { const p = document.querySelector('pre'); return p.scrollTop > 1000 }")


async def test_all_of_the_output_can_be_kept(working, visit, submit):
    job = submit(working, code="print('x' * 99, *range(60000), sep=chr(10))")
    with working.client() as client:
        client.wait_for_completion(job, poll_interval=0.1, timeout=60)
    page = await visit(working, f"#/workloads/{job}")
    await expect(page.get_by_text("This is all that it printed.")).to_be_visible()
    await expect(page.get_by_text("are not shown.")).to_be_visible()
    await expect(page.get_by_role("region", name="Printed lines")).not_to_contain_text("xxx")

    async with page.expect_download() as downloading:
        await page.get_by_role("link", name="Download all of it").click()

    kept = await (await downloading.value).path()
    assert kept.read_text() == working.logs(job)


async def test_cancelling_asks_once_and_is_done_from_the_keyboard(chamber, visit, submit):
    job = submit(chamber, "train")
    page = await visit(chamber, f"#/workloads/{job}")
    cancel, dialog = page.get_by_role("button", name="Cancel workload"), page.get_by_role("dialog")
    await cancel.focus()
    await page.keyboard.press("Enter")
    await expect(dialog).to_contain_text("train is running.")
    await expect(page.get_by_role("button", name="Let it be")).to_be_focused()

    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await expect(cancel).to_be_focused()
    assert chamber.workloads()[0].status == "RUNNING"
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")

    await expect(page.locator(".head .status")).to_have_text("Cancelled")
    await expect(dialog).to_be_hidden()
    await expect(cancel).to_be_disabled()
    await expect(page.get_by_role("heading", level=1)).to_be_focused()
    assert chamber.workloads()[0].failure_reason == "cancelled by local-user"


async def test_what_cannot_be_cancelled_is_told_in_words(working, visit, submit, gate):
    file, waiting = gate
    job = submit(working, code=waiting)
    page = await visit(working, f"#/workloads/{job}", losing=True)
    await page.get_by_role("button", name="Cancel workload").click()
    file.touch()
    await expect(page.locator(".history")).to_contain_text("Completed")

    await page.get_by_role("button", name="Cancel it").click()

    await expect(page.get_by_role("alert").filter(has_text="It was not cancelled")).to_have_text(
        f"It was not cancelled: the workload {job} is completed and cannot be cancelled."
    )


async def test_what_is_not_there_is_told(chamber, visit):
    page = await visit(chamber, "#/workloads/wl_nothing", losing=True)
    await expect(page.get_by_role("heading", level=1)).to_have_text("No such workload")

    await page.get_by_role("link", name="All workloads").click()

    await expect(page.get_by_role("heading", level=1)).to_have_text("Workloads")


async def test_going_back_to_the_list_keeps_its_filters(chamber, visit, stock):
    stock(chamber, 20)
    page = await visit(chamber, "#/workloads?status=FAILED")
    await page.get_by_role("link", name="old-10").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("old-10")

    await page.get_by_role("link", name="All workloads").click()

    await expect(page.get_by_label("Failed")).to_be_checked()
    await expect(page.locator("tbody tr")).to_have_count(2)


def _sample(at, gpu):
    values = {} if gpu is None else {"gpu_utilization": gpu, "memory_utilization": 40, "power_usage": 300}
    return Sample(workload_id="wl_old_000000", at=at, source="measured:cpu+gpu", temperature=65, **values)
