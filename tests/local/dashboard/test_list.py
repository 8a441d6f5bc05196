"""The list of workloads in a real browser."""

import pytest
from playwright.async_api import expect

#: Notes every announcement, and when it was made.
HEARING = """() => {
  window.heard = [];
  const region = document.querySelector("[aria-live=polite]");
  new MutationObserver(() => window.heard.push({ at: performance.now(), text: region.textContent }))
    .observe(region, { childList: true });
}"""

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_workloads_appear_and_change_by_themselves(chamber, visit, submit):
    page = await visit(chamber)
    await expect(page.get_by_role("status")).to_have_text("Live")
    await expect(page.get_by_text("There are no workloads yet.")).to_be_visible()

    job = submit(chamber, "train")
    row = page.get_by_role("row", name="train")
    await expect(row).to_contain_text("Running")
    with chamber.client() as client:
        client.cancel_workload(job)

    await expect(row).to_contain_text("Cancelled")
    await expect(page.get_by_label("Cancelled 1")).to_be_visible()
    await expect(page.locator("[aria-live=polite]")).to_have_text("train: cancelled")


async def test_many_changes_are_announced_together(chamber, visit, submit):
    page = await visit(chamber)
    await expect(page.get_by_role("status")).to_have_text("Live")
    await page.evaluate(HEARING)

    for number in range(20):
        submit(chamber, f"quick-{number}", seconds=0)
    await expect(page.get_by_label("Completed 20")).to_be_visible()
    await expect(page.locator("[aria-live=polite]")).to_contain_text("workloads changed")

    heard = await page.evaluate("window.heard")
    seconds = (heard[-1]["at"] - heard[0]["at"]) / 1000
    assert len(heard) <= 1 + seconds / 2.9, heard


async def test_the_filters_are_in_the_address_and_going_back_undoes_them(chamber, visit, stock):
    stock(chamber, 40)
    page = await visit(chamber)
    rows = page.locator("tbody tr")
    await expect(rows).to_have_count(40)

    await page.get_by_label("Failed 4").check()
    await expect(rows).to_have_count(4)
    await expect(page).to_have_url(f"http://{chamber.registry}/#/workloads?status=FAILED")
    await page.get_by_label("Name, id or tag").fill("old-30")
    await expect(rows).to_have_count(1)
    await expect(page).to_have_url(f"http://{chamber.registry}/#/workloads?status=FAILED&query=old-30")
    await page.reload()
    await expect(rows).to_have_count(1)
    await expect(page.get_by_label("Name, id or tag")).to_have_value("old-30")
    await expect(page.get_by_label("Failed")).to_be_checked()

    await page.go_back()
    await expect(rows).to_have_count(40)
    await expect(page.get_by_label("Failed")).not_to_be_checked()


async def test_what_nothing_is_like_is_said_and_everything_is_one_step_away(chamber, visit, stock):
    stock(chamber, 3)
    page = await visit(chamber, "#/workloads?query=nothing-like-this")
    await expect(page.get_by_text("No workload is like this.")).to_be_visible()

    await page.get_by_role("link", name="Show all").click()

    await expect(page.locator("tbody tr")).to_have_count(3)
    await expect(page.get_by_role("link", name="Show all")).to_be_hidden()


async def test_the_headers_sort_and_say_so(chamber, visit, stock):
    stock(chamber, 12)
    page = await visit(chamber)
    first = page.locator("tbody tr").first
    submitted, gpus = (page.get_by_role("columnheader", name=name) for name in ("Submitted", "GPUs"))
    await expect(first).to_contain_text("old-11")
    await expect(submitted).to_have_attribute("aria-sort", "descending")

    await gpus.get_by_role("button").click()
    await expect(gpus).to_have_attribute("aria-sort", "descending")
    await expect(submitted).not_to_have_attribute("aria-sort", "descending")
    await expect(first).to_contain_text("old-7")
    await gpus.get_by_role("button").click()

    await expect(gpus).to_have_attribute("aria-sort", "ascending")
    await expect(first).to_contain_text("old-0")


async def test_ten_thousand_workloads_come_in_pages(chamber, visit, stock):
    stock(chamber, 10_000)
    page = await visit(chamber)
    found, rows = page.locator("#found"), page.locator("tbody tr")
    await expect(found).to_have_text("10,000 workloads, page 1 of 200")
    await expect(rows).to_have_count(50)

    await page.get_by_role("link", name="Next page").click()
    await expect(found).to_have_text("10,000 workloads, page 2 of 200")
    await expect(rows.first).to_contain_text("old-9949")
    await expect(found).to_be_focused()
    await page.get_by_role("link", name="Next page").click()
    await expect(rows.first).to_contain_text("old-9899")
    await page.get_by_role("link", name="Previous page").click()
    await expect(rows.first).to_contain_text("old-9949")
    await page.go_back()
    await expect(rows.first).to_contain_text("old-9899")
    await page.get_by_role("link", name="First page").click()
    await expect(rows.first).to_contain_text("old-9999")

    await page.get_by_label("Name, id or tag").fill("old-1234")
    await expect(found).to_have_text("1 workload")


async def test_a_row_that_has_the_focus_keeps_it_when_others_come(chamber, visit, submit):
    submit(chamber, "first")
    page = await visit(chamber)
    link = page.get_by_role("link", name="first")
    await link.focus()

    submit(chamber, "second")
    await expect(page.locator("tbody tr").first).to_contain_text("second")

    await expect(link).to_be_focused()


async def test_updates_can_be_paused(chamber, visit, submit):
    page = await visit(chamber)
    await expect(page.get_by_role("status")).to_have_text("Live")
    await page.get_by_role("button", name="Pause updates").click()
    await expect(page.get_by_role("status")).to_have_text("Paused")

    submit(chamber, "unseen")
    with pytest.raises(AssertionError):
        await expect(page.get_by_role("link", name="unseen")).to_be_visible(timeout=1500)
    await page.get_by_role("button", name="Pause updates").click()

    await expect(page.get_by_role("link", name="unseen")).to_be_visible()
    await expect(page.get_by_role("status")).to_have_text("Live")
