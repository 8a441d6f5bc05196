"""Who is told what below ``/dashboard/``."""

import pytest

from chamber.local.dashboard_session import HEADER

DATA = [
    "account",
    "workloads",
    "workloads/wl_x",
    "workloads/wl_x/metrics",
    "workloads/wl_x/output",
    "capacity",
    "changes",
]


@pytest.fixture
def browse(simulated):
    """Speaks as a browser that is signed in."""
    chamber = simulated.chamber
    path = chamber.dashboard_url().removeprefix(f"http://{chamber.registry}")
    cookie = simulated("GET", path, token=False).headers["Set-Cookie"].partition(";")[0]

    def browse(method, path, headers=None):
        return simulated(method, path, None, {"Cookie": cookie, **(headers or {})}, token=False)

    return browse


@pytest.mark.parametrize("path", DATA)
def test_nothing_is_told_without_a_session(simulated, path):
    answer = simulated("GET", f"/dashboard/{path}", token=False)

    assert (answer.status, answer.json["code"]) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize("path", DATA)
def test_nothing_is_told_to_other_origins(browse, path):
    answer = browse("GET", f"/dashboard/{path}", {"Sec-Fetch-Site": "same-site"})

    assert (answer.status, answer.json["code"]) == (403, "FORBIDDEN")


def test_only_our_own_pages_cancel(browse, simulated):
    job, chamber = simulated.submit(metadata={"simulated_seconds": 3600}), simulated.chamber
    path, ours = f"/dashboard/workloads/{job}/cancel", {"Origin": f"http://{chamber.registry}"}

    assert browse("POST", path, ours).status == 403
    assert browse("POST", path, {HEADER: "1", "Origin": "https://page.example"}).status == 403
    assert simulated.status(job) != "cancelled"
    assert browse("POST", path, {**ours, HEADER: "1"}).json["row"]["status"] == "CANCELLED"


@pytest.mark.parametrize("path", ["/", "/dashboard/account", "/dashboard/static/dashboard.js", "/dashboard/nothing"])
def test_every_answer_says_what_a_browser_may_do_with_it(browse, path):
    headers = browse("GET", path).headers

    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'self'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert (policy["require-trusted-types-for"], policy["frame-ancestors"]) == ("'script'", "'none'")
    assert (headers["X-Content-Type-Options"], headers["Referrer-Policy"]) == ("nosniff", "no-referrer")
    assert headers["Cache-Control"] == ("no-cache" if "static" in path else "no-store")
    assert "Access-Control-Allow-Origin" not in headers


def test_the_page_has_nothing_inline(browse):
    page = browse("GET", "/").body.decode()

    assert page.count("<script") == page.count("<script src=") + page.count('<script type="module" src=')
    assert "<style" not in page
    assert "style=" not in page
    assert not [word for word in page.split() if word.startswith("on") and "=" in word]


def test_a_file_is_sent_again_only_when_it_changed(simulated):
    first = simulated("GET", "/dashboard/static/dashboard.css", token=False)
    again = simulated("GET", "/dashboard/static/dashboard.css", headers={"If-None-Match": first.headers["ETag"]})

    assert (first.status, first.headers["Content-Type"]) == (200, "text/css; charset=utf-8")
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize("name", ["nothing.js", "..%2fapp.py", "%2e%2e%2fapp.py", "index.html%00"])
def test_there_are_no_other_files(simulated, name):
    assert simulated("GET", f"/dashboard/static/{name}", token=False).status == 404


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=101", "limit=x", "status=running", "sort_by=id", "sort_order=up", "after=x", "after=e30"],
)
def test_a_page_that_is_none_is_refused(browse, query):
    answer = browse("GET", f"/dashboard/workloads?{query}")

    assert (answer.status, answer.json["code"]) == (400, "VALIDATION_ERROR")


def test_another_organization_is_not_for_everybody(browse):
    assert browse("GET", "/dashboard/workloads?organization_id=org_other").status == 403


def test_methods_that_are_not_there_are_refused_in_json(simulated):
    answer = simulated("DELETE", "/dashboard/workloads")

    assert (answer.status, answer.json["code"]) == (405, "HTTP_ERROR")


def test_faults_spare_the_dashboard(browse, simulated):
    simulated.chamber.faults.seed(7, rate=1.0, kinds=["status"], most_in_a_row=100)

    assert browse("GET", "/").status == browse("GET", "/dashboard/workloads").status == 200
    assert simulated("GET", "/v1/teams").status == 503
    assert [fault.path for fault in simulated.chamber.faults.log] == ["/v1/teams"]
