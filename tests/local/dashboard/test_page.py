"""The page around the views in a real browser: sign-in, connection, keyboard, colours, width."""

import contextlib

import pytest
from playwright.async_api import expect

from chamber.local import LocalChamber, User

HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event("visibilitychange"));
}"""

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_without_a_session_nothing_is_shown_but_how_to_get_one(chamber, visit, submit, violations):
    submit(chamber, "secret")
    page = await visit(chamber, losing=True)
    await page.get_by_role("button", name="Sign out").click()

    await expect(page.get_by_text("To sign in, open the address that")).to_be_visible()

    assert "secret" not in await page.content()
    assert await violations(page) == ""


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_no_violation(chamber, visit, submit, stock, violations, scheme):
    stock(chamber, 60)
    job = submit(chamber, "train", tags={"a": "b"})
    page = await visit(chamber, scheme=scheme)
    await expect(page.get_by_role("row", name="train")).to_contain_text("Running")
    assert await violations(page) == ""

    await page.get_by_role("link", name="train").click()
    await expect(page.locator(".history")).to_contain_text("Running")
    assert await violations(page) == ""
    await page.get_by_role("button", name="Cancel workload").click()
    assert await violations(page) == ""
    await page.keyboard.press("Escape")
    await page.get_by_role("link", name="Capacity").click()
    await expect(page.get_by_role("row", name="local H100")).to_contain_text("1 of 8 (12.5 %)")
    assert await violations(page) == ""
    await page.goto(f"http://{chamber.registry}/#/nowhere")
    await expect(page.get_by_role("heading", level=1)).to_have_text("There is no such page")
    assert await violations(page) == ""
    assert job


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_no_violation_in_charts_and_output_on_a_small_screen(
    working, visit, submit, violations, scheme
):
    job = submit(working, "train", code="print('hello'); import time; time.sleep(0.5); raise SystemExit('oh')")
    page = await visit(working, f"#/workloads/{job}", scheme=scheme, width=360, height=740)
    await expect(page.get_by_text("This is all that it printed.")).to_be_visible()
    await page.get_by_text("Memory as a table").click()
    await expect(page.get_by_role("region", name="Memory")).to_be_visible()

    assert await violations(page) == ""
    assert not await _is_wider_than_its_window(page)


async def test_every_view_fits_into_360_pixels(chamber, visit, submit, stock):
    stock(chamber, 60)
    submit(chamber, "a-name-that-is-long-" * 5)
    page = await visit(chamber, width=360, height=740)
    await expect(page.locator("tbody tr").first).to_contain_text("a-name")
    assert not await _is_wider_than_its_window(page)

    await page.locator("tbody tr").first.get_by_role("link").click()
    await expect(page.locator(".history")).to_contain_text("Running")
    assert not await _is_wider_than_its_window(page)
    await page.get_by_role("link", name="Capacity").click()
    await expect(page.get_by_role("row", name="local H100").get_by_role("cell").first).to_contain_text("1 of 8")

    assert not await _is_wider_than_its_window(page)


async def test_everything_is_reached_by_keyboard_and_the_focus_is_seen(chamber, visit, submit):
    submit(chamber, "train")
    page = await visit(chamber)
    await expect(page.get_by_role("row", name="train")).to_contain_text("Running")
    names = []
    while "train" not in names:
        await page.keyboard.press("Tab")
        focused = page.locator(":focus")
        names.append(await focused.evaluate("n => n.labels?.[0]?.textContent.trim() || n.textContent.trim() || n.id"))
        assert await focused.evaluate("n => getComputedStyle(n).outlineStyle") == "solid", names[-1]

    assert names[:7] == ["Skip to content", "Chamber", "Workloads", "Capacity", "Pause updates", names[5], "Sign out"]
    assert names[5].startswith("Theme")
    assert names[7] == "Name, id or tag"
    assert [name.split()[0] for name in names[8:16]] == [
        "Pending", "Queued", "Starting", "Running", "Completed", "Failed", "Preempted", "Cancelled",
    ]  # fmt: skip
    assert names[16:] == ["Name", "Status", "GPUs", "Class", "Submitted", "train"]
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1, name="train")).to_be_focused()
    await page.go_back()
    await expect(page.get_by_role("heading", level=1, name="Workloads")).to_be_focused()


async def test_the_skip_link_leads_to_the_content(chamber, visit):
    page = await visit(chamber)
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to content")).to_be_in_viewport()

    await page.keyboard.press("Enter")

    await expect(page.get_by_role("main")).to_be_focused()


async def test_colours_are_the_systems_until_chosen(chamber, visit):
    page = await visit(chamber, scheme="dark")
    await expect(page.locator("body")).to_have_css("background-color", "rgb(17, 20, 26)")

    await page.get_by_label("Theme").select_option("Light")
    await expect(page.locator("body")).to_have_css("background-color", "rgb(244, 246, 249)")
    await page.reload()

    await expect(page.get_by_label("Theme")).to_have_value("light")
    await expect(page.locator("body")).to_have_css("background-color", "rgb(244, 246, 249)")


@pytest.mark.parametrize(("wish", "animation"), [("reduce", "none"), ("no-preference", "breathe")])
async def test_nothing_moves_for_those_who_do_not_want_it(chamber, visit, submit, wish, animation):
    submit(chamber)
    page = await visit(chamber, reduced_motion=wish)

    await expect(page.locator("td .status.running")).to_be_visible()

    moved = "node => getComputedStyle(node, '::before').animationName"
    assert await page.locator("td .status.running").evaluate(moved) == animation


async def test_a_lost_connection_comes_back_and_nothing_is_missed(chamber, visit, submit):
    page = await visit(chamber, losing=True)
    state = page.get_by_role("status")
    await expect(state).to_have_text("Live")

    chamber.faults.add("refuse")
    await expect(state).to_have_text("Reconnecting…")
    chamber.faults.clear()
    submit(chamber, "meanwhile", seconds=0)

    await expect(state).to_have_text("Live")
    await expect(page.get_by_role("row", name="meanwhile")).to_contain_text("Completed")


@pytest.mark.parametrize("what", ["static/words.js", "static/dashboard.css", "workloads?", "account", "changes"])
async def test_a_request_that_is_lost_once_is_made_good(chamber, visit, submit, what):
    submit(chamber, "train")
    page = await visit(chamber, "#/capacity", losing=True)
    lost = []

    async def lose(route):
        lost.append(route)
        await (route.abort("connectionreset") if len(lost) == 1 else route.continue_())

    await page.route(lambda url: f"/dashboard/{what}" in url, lose)
    await page.goto(f"http://{chamber.registry}/#/workloads")
    await page.reload()

    await expect(page.get_by_role("row", name="train")).to_contain_text("Running")
    await expect(page.get_by_role("status")).to_have_text("Live")
    await expect(page.get_by_text("local-user, org admin")).to_be_visible()
    await expect(page.locator(".skip")).to_have_css("position", "absolute")
    assert len(lost) >= 2


async def test_a_hidden_page_holds_no_connection_and_misses_nothing(chamber, visit, submit):
    page = await visit(chamber)
    await expect(page.get_by_role("status")).to_have_text("Live")

    async with page.expect_event("requestfailed", lambda request: "/dashboard/changes" in request.url):
        await page.evaluate(HIDE, True)
    submit(chamber, "meanwhile", seconds=0)
    await page.evaluate(HIDE, False)

    await expect(page.get_by_role("row", name="meanwhile")).to_contain_text("Completed")


async def test_a_restart_needs_a_new_session_after_which_the_page_goes_on(visit, submit, tmp_path):
    with contextlib.ExitStack() as first:
        chamber = first.enter_context(LocalChamber(executor="simulated", data_dir=tmp_path))
        port = int(chamber.registry.rpartition(":")[2])
        page = await visit(chamber, losing=True)
        await expect(page.get_by_role("status")).to_have_text("Live")
    with LocalChamber(executor="simulated", data_dir=tmp_path, port=port) as again:
        await expect(page.get_by_text("You are signed out.")).to_be_visible()
        submit(again, "after")

        other = await page.context.new_page()
        await other.goto(again.dashboard_url())

        await expect(page.get_by_role("status")).to_have_text("Live")
        await expect(page.get_by_text("You are signed out.")).to_be_hidden()
        await expect(page.get_by_role("row", name="after")).to_contain_text("Running")


async def test_a_member_sees_their_teams_work_and_what_they_may_do(opened, visit, submit):
    users = [User("ada", role="MEMBER", teams=["ml"]), User("bob", role="MEMBER", teams=["ml"])]
    chamber = opened(executor="simulated", users=users)
    submit(chamber, "hidden")
    submit(chamber, "own", user="ada", team="ml")
    submit(chamber, "others", user="bob", team="ml")
    page = await visit(chamber, user="ada")
    await expect(page.locator("tbody tr")).to_have_count(2)
    await expect(page.get_by_text("ada, member of org_local")).to_be_visible()

    submit(chamber, "hidden-too")
    submit(chamber, "own-too", user="ada", team="ml")
    await expect(page.locator("tbody tr")).to_have_count(3)
    await expect(page.get_by_role("row", name="hidden")).to_have_count(0)

    await page.get_by_role("link", name="others").click()
    await expect(page.get_by_role("button", name="Cancel workload")).to_be_disabled()
    await expect(page.get_by_text("Your role does not let you cancel it.")).to_be_visible()


async def test_who_belongs_to_several_organizations_chooses(opened, visit):
    chamber = opened(executor="simulated", users=[User("ada", organizations=["org_a", "org_b"])])
    with chamber.client("ada", organization_id="org_b") as client:
        team = client.create_team("b").id
        client.submit_job("of-b", team, "H100", metadata={"simulated_seconds": 3600})
    page = await visit(chamber, user="ada")
    await expect(page.get_by_text("There are no workloads yet.")).to_be_visible()

    await page.get_by_label("Organization").select_option("org_b")

    await expect(page.get_by_role("row", name="of-b")).to_contain_text("Running")
    await expect(page.get_by_text("ada, org admin of org_b")).to_be_visible()


async def test_capacity_is_told_by_team_and_pool(chamber, visit, submit):
    with chamber.client() as client:
        above = client.create_team("research")
        below = client.create_team("vision", parent_id=above.id)
    submit(chamber, "held", team=below.id, requested_gpus=6)
    submit(chamber, "waiting", team=above.id, requested_gpus=4)
    page = await visit(chamber, "#/capacity")

    pool = page.get_by_role("row", name="local H100").get_by_role("cell")
    await expect(pool).to_contain_text(["6 of 8 (75 %)", "2", "4", "GPU-h of"])
    vision = page.get_by_role("row", name="vision (part of research)").get_by_role("cell")
    await expect(vision).to_contain_text(["1", "0", "6 (75 % of the pool)", "0 (0 % of the pool)", "GPU-h of"])
    await expect(page.get_by_role("row", name="research").first.get_by_role("cell").nth(1)).to_have_text("1")
    with chamber.client() as client:
        client.cancel_workload(chamber.workloads()[0].id)

    await expect(pool).to_contain_text(["4 of 8 (50 %)", "4", "0", "GPU-h of"])


async def test_reservations_and_why_a_workload_waits_are_told(opened, visit, submit):
    said = {
        "pools": [{"gpu_type": "H100", "gpus": 8}],
        "teams": [{"id": "ml", "name": "ML"}, {"id": "bio", "name": "Bio"}],
        "reservations": [{"id": "res", "pool": "pool_h100", "gpus": 6, "team": "ml"}],
    }
    chamber = opened(executor="simulated", **said)
    submit(chamber, "held", team="ml", requested_gpus=4)
    waiting = submit(chamber, "waiting", team="ml", requested_gpus=4)
    page = await visit(chamber, "#/capacity")
    cells = page.get_by_role("row", name="ML").get_by_role("cell")
    await expect(cells).to_contain_text(["1", "1", "4, 6 reserved (50 % of the pool)", "GPU-h of"])

    await page.goto(f"http://{chamber.registry}/#/workloads/{waiting}")

    reason = chamber.workloads()[1].waiting_reason
    await expect(page.get_by_role("definition").filter(has_text=reason)).to_be_visible()


async def _is_wider_than_its_window(page):
    return await page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
