from __future__ import annotations

import asyncio
import email.utils
import gzip
import threading
import time

import pytest
from aiohttp import web

from chamber.core import (
    AsyncChamberClient,
    AuthenticationError,
    ChamberClient,
    ChamberError,
    ClientClosedError,
    ConflictError,
    DeadlineExceeded,
    NotFoundError,
    RateLimitError,
    RedirectRefused,
    ServerError,
    SubmissionUnknownError,
    UnexpectedResponseError,
    ValidationError,
)
from chamber.core.paths import path


def test_a_call_names_its_bearer_and_its_organization(api, connect, token):
    connect(api.url, organization_id="org_7").get_workload("wl_1")
    headers = api.requests[0].headers
    assert headers["authorization"] == f"Bearer {token}"
    assert headers["x-organization-id"] == "org_7"
    assert headers["accept-encoding"] == "gzip"
    assert headers["user-agent"].startswith("chamber-core/")


def test_without_an_organization_no_header_names_one(client, api):
    client.get_workload("wl_1")
    assert "x-organization-id" not in api.requests[0].headers


def test_netrc_is_never_read(client, api, token, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    client.get_workload("wl_1")
    assert api.requests[0].headers["authorization"] == f"Bearer {token}"


def test_cookies_are_not_kept(client, api, said):
    api.answers(said(headers={"Set-Cookie": "session=1; Path=/"}))
    client.get_workload("wl_1")
    client.get_workload("wl_1")
    assert "cookie" not in api.requests[1].headers


def test_a_read_is_repeated_after_503_and_each_attempt_has_its_own_request_id(patient, api, said):
    client, clock = patient
    api.answers(said(status=503), said())
    assert client.get_workload("wl_1").id == "wl_1"
    first, second = (seen.headers for seen in api.requests)
    assert first["x-request-id"] != second["x-request-id"]
    assert [first["x-chamber-attempt"], second["x-chamber-attempt"]] == ["1/5", "2/5"]
    assert first["x-chamber-elapsed-ms"] == "0"
    assert int(second["x-chamber-elapsed-ms"]) == int(clock.sleeps[0] * 1000)


def test_a_read_is_tried_five_times(patient, api, said):
    client, clock = patient
    api.answers(said({"message": "busy"}, 503))
    with pytest.raises(ServerError, match="busy"):
        client.get_workload("wl_1")
    assert len(api.requests) == 5
    assert len(clock.sleeps) == 4


def test_a_write_is_not_repeated_after_503(client, api, said):
    api.answers(said(status=503), said())
    with pytest.raises(ServerError) as caught:
        client.request("POST", path("thing"), dict, body={})
    assert caught.value.status_code == 503
    assert len(api.requests) == 1


def test_a_submission_is_repeated_after_429_with_the_same_idempotency_key(patient, api, said):
    client, clock = patient
    api.answers(said(status=429, headers={"Retry-After": "30"}), said(status=201))
    client.submit_job("train", "team", "H100", external_id="mine")
    assert [seen.headers["idempotency-key"] for seen in api.requests] == ["mine", "mine"]
    assert 30 <= clock.sleeps[0] <= 33


def test_an_answer_that_forbids_a_retry_is_obeyed(client, api, said):
    api.answers(said(status=503, headers={"X-Should-Retry": "false"}), said())
    with pytest.raises(ServerError):
        client.get_workload("wl_1")
    assert len(api.requests) == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, ValidationError),
        (401, AuthenticationError),
        (404, NotFoundError),
        (409, ConflictError),
        (422, ValidationError),
        (501, ServerError),
    ],
)
def test_an_answer_that_will_not_change_is_an_error_at_once(client, api, said, status, kind):
    api.answers(said({"error": {"code": "NO", "message": "not so"}, "request_id": "req_9"}, status))
    with pytest.raises(kind, match="not so") as caught:
        client.get_workload("wl_1")
    error = caught.value
    assert (error.status_code, error.code, error.request_id) == (status, "NO", "req_9")
    assert (error.method, error.url) == ("GET", f"{api.url}/workloads/wl_1")
    assert len(api.requests) == 1


def test_an_error_without_a_request_id_carries_the_one_that_was_sent(client, api, said):
    api.answers(said({"message": "no"}, 404))
    with pytest.raises(NotFoundError) as caught:
        client.get_workload("wl_1")
    assert caught.value.request_id == api.requests[0].headers["x-request-id"]


def test_waiting_longer_than_two_minutes_is_left_to_the_caller(client, api, said):
    api.answers(said(status=429, headers={"Retry-After": "3600"}))
    with pytest.raises(RateLimitError) as caught:
        client.get_workload("wl_1")
    assert caught.value.retry_after == 3600
    assert len(api.requests) == 1


def test_a_date_to_retry_after_is_read_by_the_clock_of_the_answer(client, api, said):
    long_ago = 10_000.0
    api.answers(
        said(
            status=429,
            headers={
                "Date": email.utils.formatdate(long_ago, usegmt=True),
                "Retry-After": email.utils.formatdate(long_ago + 600, usegmt=True),
            },
        )
    )
    with pytest.raises(RateLimitError) as caught:
        client.get_workload("wl_1")
    assert caught.value.retry_after == 600


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("call", ["get_workload", "cancel_workload"])
def test_a_redirect_is_refused_and_its_target_never_asked(client, api, said, status, call):
    api.answers(said(b"", status, {"Location": f"{api.origin}/elsewhere"}))
    with pytest.raises(RedirectRefused) as caught:
        getattr(client, call)("wl_1")
    assert caught.value.status_code == status
    assert len(api.requests) == 1


def test_a_dripping_answer_ends_with_the_deadline(api, connect):
    ended = threading.Event()

    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b" ")
                await asyncio.sleep(0.01)
        finally:
            ended.set()

    api.answers(drip)
    began = time.monotonic()
    with pytest.raises(DeadlineExceeded, match=r"0\.3 s") as caught:
        connect(api.url, timeout=0.3).get_workload("wl_1")
    assert 0.29 <= time.monotonic() - began < 5
    assert caught.value.sent
    assert ended.wait(5)


def test_the_deadline_holds_for_all_attempts_together(api, connect, said):
    api.answers(said(status=503, headers={"Retry-After": "100"}))
    began = time.monotonic()
    with pytest.raises(ServerError):
        connect(api.url, timeout=2.0).get_workload("wl_1")
    assert time.monotonic() - began < 2
    assert len(api.requests) == 1


def test_a_call_of_ones_own_may_be_given_a_deadline(client, api):
    async def never(request: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    api.answers(never)
    from chamber.core import path

    with pytest.raises(DeadlineExceeded, match=r"0\.05 s"):
        client.request("GET", path("quota"), dict, timeout=0.05)


def test_a_body_beyond_the_cap_is_an_error_before_it_is_inflated(client, api, said):
    bomb = gzip.compress(b" " * (80 << 20), 1)
    api.answers(said(bomb, headers={"Content-Encoding": "gzip"}))
    with pytest.raises(UnexpectedResponseError, match="longer than 33554432 bytes"):
        client.get_workload("wl_1")


def test_inflating_an_answer_takes_little_memory(api, script, said, token):
    bomb = gzip.compress(b" " * (240 << 20), 1)
    api.answers(said(bomb, headers={"Content-Encoding": "gzip"}))
    done = script(
        "import resource, sys\n"
        "from chamber.core import ChamberClient, UnexpectedResponseError, HealthStatus\n"
        "def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024\n"
        "with ChamberClient('ch.a', sys.argv[1]) as client:\n"
        "    client.list_workloads\n"
        "    before = peak()\n"
        "    try: client.health()\n"
        "    except UnexpectedResponseError: print(peak() - before)\n",
        api.url,
    )
    assert done.stderr == ""
    assert int(done.stdout) < 150


def test_a_long_error_is_cut_and_still_told(client, api, said):
    api.answers(said(b"<html>" + b"x" * (1 << 20), 404))
    with pytest.raises(NotFoundError) as caught:
        client.get_workload("wl_1")
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"<html><body>Welcome</body></html>", id="html"),
        pytest.param(b"[]", id="list"),
        pytest.param(b"null", id="null"),
        pytest.param(b'"fine"', id="text"),
        pytest.param(b"7", id="number"),
        pytest.param(b'{"id": NaN}', id="nan"),
        pytest.param(b"[" * 100_000, id="unclosed lists"),
        pytest.param(b"[" * 100_000 + b"]" * 100_000, id="lists"),
        pytest.param(b'{"data":' * 100_000 + b"1" + b"}" * 100_000, id="envelopes"),
        pytest.param(b'{"data":' * 900 + b"{}" + b"}" * 900, id="envelopes within the parser's bounds"),
        pytest.param(b'{"id": "\xff\xfe", "name": "x", "status": "RUNNING"}', id="not UTF-8"),
        pytest.param(b'{"id": "wl_1", "name": "x"', id="cut off"),
        pytest.param(b"{}", id="nothing in it"),
        pytest.param(b'{"data": {}}', id="nothing in the envelope"),
        pytest.param(b'{"id": null, "name": null, "status": null}', id="nulls"),
    ],
)
@pytest.mark.parametrize("call", ["get_workload", "list_workloads", "get_capacity"])
def test_a_success_that_is_not_understood_is_an_error(client, api, said, call, body):
    api.answers(said(body))
    if (call, body) == ("list_workloads", b"[]"):
        return
    with pytest.raises(UnexpectedResponseError) as caught:
        getattr(client, call)(*(["wl_1"] if call == "get_workload" else []))
    assert caught.value.status_code == 200
    assert caught.value.method == "GET"
    assert (caught.value.url or "").startswith(api.url)
    assert "Check that api_url" in caught.value.message


def test_an_answer_without_content_is_an_error(client, api, said):
    api.answers(said(b"", 204))
    with pytest.raises(UnexpectedResponseError, match="an empty body"):
        client.get_workload("wl_1")


def test_json_is_understood_whatever_its_content_type_says(client, api, said):
    api.answers(said(headers={"Content-Type": "text/plain"}))
    assert client.get_workload("wl_1").id == "wl_1"


@pytest.mark.parametrize("status", [200, 400, 404])
def test_no_error_repeats_the_token_that_a_server_echoes(client, api, said, token, status):
    api.answers(said({"message": f"you sent Bearer {token}", "details": [token]}, status))
    with pytest.raises(ChamberError) as caught:
        client.get_workload("wl_1")
    assert token not in f"{caught.value!r} {caught.value} {caught.value.details}"


def test_a_closed_client_says_that_it_is_closed(api, token):
    client = ChamberClient(token, api.url)
    client.get_workload("wl_1")
    client.close()
    client.close()
    with pytest.raises(ClientClosedError, match="make a new one"):
        client.get_workload("wl_1")
    with pytest.raises(ClientClosedError):
        next(client.iter_workloads())


async def test_a_closed_async_client_says_that_it_is_closed(api, token):
    async with AsyncChamberClient(token, api.url) as client:
        await client.get_workload("wl_1")
    await client.aclose()
    with pytest.raises(ClientClosedError):
        await client.get_workload("wl_1")


def test_one_async_client_serves_two_loops_in_two_threads(api, token):
    client = AsyncChamberClient(token, api.url)
    both = threading.Barrier(2, timeout=10)

    async def twice() -> list[str]:
        first = await client.get_workload("wl_1")
        await asyncio.to_thread(both.wait)
        return [first.id, (await client.get_workload("wl_1")).id]

    found: list[list[str]] = []
    threads = [threading.Thread(target=lambda: found.append(asyncio.run(twice()))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert found == [["wl_1", "wl_1"]] * 2
    assert len(api.connections) == 2


async def test_cancelling_a_call_ends_the_request(async_client, api):
    arrived, ended = threading.Event(), threading.Event()

    async def never(request: web.Request) -> web.StreamResponse:
        arrived.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        raise AssertionError

    api.answers(never)
    call = asyncio.ensure_future(async_client.get_workload("wl_1"))
    assert await asyncio.to_thread(arrived.wait, 10)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert await asyncio.to_thread(ended.wait, 10)


def test_a_submission_whose_answer_is_not_read_is_reported_as_unknown(client, api, said):
    api.answers(said(b"<html>", 201))
    with pytest.raises(SubmissionUnknownError) as caught:
        client.submit_job("train", "team", "H100", external_id="mine", timeout=1)
    assert caught.value.external_id == "mine"
    assert "mine" in caught.value.message
