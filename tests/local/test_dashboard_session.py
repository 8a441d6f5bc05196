"""How a browser gets in, and what other pages cannot make it do."""

import pytest

from chamber.local import LocalChamber, User
from chamber.local.dashboard_session import HEADER, Sessions, comes_from_here

HERE = {"Host": "127.0.0.1:8000"}
OURS = {**HERE, "Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def clock():
    return [0.0]


@pytest.fixture
def sessions(clock):
    return Sessions(lambda: clock[0])


def test_a_ticket_works_once(sessions):
    ticket = sessions.ticket("ada")
    session = sessions.redeem(ticket)

    assert sessions.user_of(session) == "ada"
    assert sessions.redeem(ticket) is None
    assert sessions.user_of(ticket) is None
    assert sessions.redeem(session) is None


@pytest.mark.parametrize("nothing", [None, "", "x"])
def test_what_is_no_ticket_and_no_session_is_nobody(sessions, nothing):
    assert sessions.redeem(nothing or "") is None
    assert sessions.user_of(nothing) is None


def test_tickets_and_sessions_grow_old(sessions, clock):
    late, session = sessions.ticket("ada"), sessions.redeem(sessions.ticket("ada"))
    clock[0] = 12 * 3600 + 1
    assert sessions.user_of(session) is None
    clock[0] = 24 * 3600 + 1

    assert sessions.redeem(late) is None


def test_a_session_that_was_ended_is_over(sessions):
    session = sessions.redeem(sessions.ticket("ada"))
    sessions.end(session)

    assert sessions.user_of(session) is None


def test_tickets_are_not_hoarded(sessions):
    first, *others = [sessions.ticket("ada") for _ in range(1001)]

    assert sessions.redeem(first) is None
    assert all(sessions.redeem(ticket) for ticket in others)


@pytest.mark.parametrize(
    ("method", "headers", "believed"),
    [
        ("GET", HERE, True),
        ("GET", {**HERE, "Sec-Fetch-Site": "none"}, True),
        ("GET", OURS, True),
        ("GET", {**HERE, "Sec-Fetch-Site": "same-site"}, False),
        ("GET", {**HERE, "Sec-Fetch-Site": "cross-site"}, False),
        ("GET", {**HERE, "Origin": "https://page.example"}, False),
        ("POST", {**OURS, HEADER: "1"}, True),
        ("POST", {**HERE, "Origin": "http://127.0.0.1:8000", HEADER: "1"}, True),
        ("POST", {**HERE, "Sec-Fetch-Site": "same-origin", HEADER: "1"}, True),
        ("POST", OURS, False),
        ("POST", {**HERE, HEADER: "1"}, False),
        ("POST", {**OURS, HEADER: "1", "Sec-Fetch-Site": "same-site"}, False),
        ("POST", {**OURS, HEADER: "1", "Sec-Fetch-Site": "none"}, False),
        ("POST", {**OURS, HEADER: "1", "Origin": "http://127.0.0.1:8001"}, False),
        ("POST", {**OURS, HEADER: "1", "Origin": "null"}, False),
        ("DELETE", OURS, False),
    ],
)
def test_only_requests_of_our_own_pages_are_believed(method, headers, believed):
    assert comes_from_here(method, headers) is believed


@pytest.fixture
def browser(simulated):
    """Speaks as a browser that opened the dashboard's address: with the cookie, without a token."""
    chamber = simulated.chamber
    path = chamber.dashboard_url().removeprefix(f"http://{chamber.registry}")
    cookie = simulated("GET", path, token=False).headers["Set-Cookie"].partition(";")[0]

    def browse(method, path, body=None, headers=None):
        return simulated(method, path, body, {"Cookie": cookie, **(headers or {})}, token=False)

    return browse


def own(chamber):
    return {"Origin": f"http://{chamber.registry}", HEADER: "1"}


def test_the_ticket_leaves_the_address_and_becomes_a_cookie_that_scripts_cannot_read(simulated):
    chamber = simulated.chamber
    url = chamber.dashboard_url()
    path = url.removeprefix(f"http://{chamber.registry}")

    first, second = simulated("GET", path, token=False), simulated("GET", path, token=False)

    assert (first.status, first.headers["Location"]) == (303, "/")
    _, *attributes = first.headers["Set-Cookie"].split("; ")
    assert set(attributes) == {"HttpOnly", "Path=/", "SameSite=Strict"}
    assert first.headers["Referrer-Policy"] == "no-referrer"
    assert (second.status, "Set-Cookie" in second.headers) == (401, False)
    assert chamber.token not in url


def test_the_cookie_reads(browser):
    assert browser("GET", "/").status == 200
    assert browser("GET", "/v1/teams").status == 200


def test_the_cookie_writes_for_our_own_pages_only(browser, simulated):
    chamber, body = simulated.chamber, {"name": "job", "initiative_id": "init_local", "gpu_type": "H100"}

    refused = browser("POST", "/v1/workloads", body)
    elsewhere = browser("POST", "/v1/workloads", body, {**own(chamber), "Origin": "https://page.example"})

    assert (refused.status, refused.json["error"]["code"]) == (403, "FORBIDDEN")
    assert elsewhere.status == 403
    assert chamber.workloads() == ()
    assert browser("POST", "/v1/workloads", body, own(chamber)).status == 201


def test_a_page_on_another_port_reads_nothing(browser):
    assert browser("GET", "/v1/teams", headers={"Sec-Fetch-Site": "same-site"}).status == 403


def test_a_wrong_token_is_not_made_good_by_the_cookie(browser):
    assert browser("GET", "/v1/teams", headers={"Authorization": "Bearer wrong"}).status == 401


def test_the_registry_knows_no_cookies(browser):
    assert browser("GET", "/v2/").status == 401


def test_a_cookie_of_nobody_is_not_let_in(simulated):
    port = simulated.chamber.registry.rpartition(":")[2]
    headers = {"Cookie": f"chamber_session_{port}=x"}

    assert simulated("GET", "/v1/teams", headers=headers, token=False).status == 401
    assert simulated("GET", "/", headers=headers, token=False).status == 401


def test_who_signed_out_is_out(browser, simulated):
    assert browser("DELETE", "/session").status == 403
    assert browser("DELETE", "/session", headers=own(simulated.chamber)).status == 204

    assert browser("GET", "/v1/teams").status == 401


def test_a_token_gets_tickets_and_a_cookie_gets_none(browser, simulated):
    made = simulated("POST", "/session/tickets")

    assert (made.status, browser("POST", "/session/tickets", headers=own(simulated.chamber)).status) == (201, 401)
    assert simulated("GET", f"/?ticket={made.json['ticket']}", token=False).status == 303


def test_a_session_is_its_users(tools):
    with LocalChamber(executor="simulated", users=[User("ada", role="MEMBER")]) as chamber:
        call = tools.Caller(chamber)
        path = chamber.dashboard_url("ada").removeprefix(f"http://{chamber.registry}")
        cookie = {"Cookie": call("GET", path, token=False).headers["Set-Cookie"].partition(";")[0]}

        refused = call("POST", "/v1/teams", {"name": "x"}, {**cookie, **own(chamber)}, token=False)

        assert (refused.status, refused.json["error"]["message"]) == (403, "a MEMBER may create teams nowhere")
