"""Faults as a client meets them, on real connections; the server's own table says what really happened."""

import http.client
import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from chamber.core.errors import ConfigurationError
from chamber.local import LocalChamber
from chamber.local.faults import Fault, Injected


@pytest.fixture
def faults(simulated):
    return simulated.chamber.faults


def submit(call, **fields):
    asked = {"name": "job", "initiative_id": call.chamber.team, "gpu_type": "H100", **fields}
    return call("POST", "/v1/workloads", asked)


def test_a_reset_before_the_server_acted_leaves_nothing(simulated, faults):
    faults.add("reset_before", method="POST", path="/v1/workloads")

    with pytest.raises(ConnectionResetError):
        submit(simulated)

    assert simulated.chamber.workloads() == ()
    assert faults.log == (Injected(1, "reset_before", "POST", "/v1/workloads"),)
    assert submit(simulated).status == 201


def test_a_reset_after_the_server_acted_leaves_the_workload(simulated, faults):
    faults.add("reset_after", method="POST", path="/v1/workloads", times=2)

    for number in range(2):
        with pytest.raises(ConnectionResetError):
            submit(simulated, external_id=f"e{number}")
    assert submit(simulated, external_id="e2").status == 201

    assert [workload.external_id for workload in simulated.chamber.workloads()] == ["e0", "e1", "e2"]


def test_a_delayed_answer_comes_late_and_the_server_has_acted(simulated, faults):
    faults.add("delay", path="/v1/workloads", seconds=0.3)
    started = time.monotonic()

    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(submit, simulated)
        simulated.until(simulated.chamber.workloads)
        acted = not asked.done()

    assert acted
    assert asked.result().status == 201
    assert time.monotonic() - started >= 0.3


def test_a_status_has_the_headers_and_the_body_that_were_asked_for(simulated, faults):
    faults.add("status", status=429, headers={"Retry-After": "7", "Content-Type": "text/plain"}, body="slow down")

    answer = submit(simulated)

    assert (answer.status, answer.headers["Retry-After"], answer.body) == (429, "7", b"slow down")
    assert simulated.chamber.workloads() == ()


def test_a_status_may_come_after_the_server_acted(simulated, faults):
    faults.add("status", status=502, acted=True)

    assert (submit(simulated).status, len(simulated.chamber.workloads())) == (502, 1)


def test_a_truncated_answer_ends_in_the_middle(simulated, faults):
    faults.add("truncate", method="POST")

    with pytest.raises(http.client.IncompleteRead) as caught:
        submit(simulated)

    assert len(caught.value.partial) > 0
    assert len(simulated.chamber.workloads()) == 1


def test_a_page_of_html_comes_in_place_of_an_answer(simulated, faults):
    faults.add("html")

    answer = submit(simulated)

    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html")
    assert b"<html>" in answer.body
    assert len(simulated.chamber.workloads()) == 1


@pytest.mark.parametrize(("dialect", "word"), [("documented", "paused"), ("legacy", "PAUSED")])
def test_an_unknown_status_is_in_the_case_of_the_dialect(tools, dialect, word):
    with LocalChamber(dialect, executor="simulated") as chamber, chamber.client() as client:
        call = tools.Caller(chamber)
        done = client.wait_for_completion(submit_job(client, chamber), poll_interval=0.01, timeout=20)
        chamber.faults.add("unknown_status", method="GET", times=2)
        assert client.health().is_healthy
        first, second = (call("GET", path).body for path in ("/v1/workloads", f"/v1/workloads/{done.id}"))

        assert f'"status":"{word}"'.encode() in first
        assert f'"status":"{word}"'.encode() in second
        assert [fault.path for fault in chamber.faults.log] == ["/v1/workloads", f"/v1/workloads/{done.id}"]
        assert [str(workload.status) for workload in chamber.workloads()] == ["COMPLETED"]


def submit_job(client, chamber):
    return client.submit_job("job", chamber.team, "H100").id


def test_a_repeated_cursor_leads_to_the_page_that_was_just_read(simulated, faults):
    for _ in range(5):
        submit(simulated)
    faults.add("repeat_cursor", times=None)

    first = simulated("GET", "/v1/workloads?limit=2").json["metadata"]["next_token"]
    second = simulated("GET", f"/v1/workloads?limit=2&next_token={first}").json["metadata"]["next_token"]
    found = simulated("POST", "/v1/workloads/search", {"page_size": 2}).data["next_cursor"]
    again = simulated("POST", "/v1/workloads/search", {"page_size": 2, "cursor": found}).data["next_cursor"]

    assert (first, found) == (second, again)
    assert [fault.number for fault in faults.log] == [7, 9]


def test_refused_connections_are_refused_until_the_faults_are_cleared(simulated, faults):
    faults.add("refuse")

    for _ in range(3):
        with pytest.raises(ConnectionRefusedError):
            submit(simulated)
    faults.clear()

    assert submit(simulated).status == 201
    assert len(simulated.chamber.workloads()) == 1


def test_refused_connections_are_taken_again_after_the_seconds_that_were_asked_for(simulated, faults):
    faults.add("refuse", seconds=0.3)
    with pytest.raises(ConnectionRefusedError):
        submit(simulated)

    simulated.until(lambda: takes(simulated))

    assert submit(simulated).status == 201


def takes(call):
    try:
        return call("GET", "/v1/health").status == 200
    except ConnectionRefusedError:
        return False


def test_a_connection_that_is_kept_alive_does_not_outlive_a_refusal(simulated, faults):
    host, _, port = simulated.chamber.registry.rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    connection.request("GET", "/v1/health")
    connection.getresponse().read()

    faults.add("refuse")

    assert connection.sock.recv(1) == b""
    connection.close()


def test_stopping_while_connections_are_refused_leaves_nothing(tools):
    with LocalChamber(executor="simulated") as chamber:
        chamber.faults.add("refuse", seconds=60)
    with chamber:
        assert tools.Caller(chamber)("GET", "/v1/health").status == 200


def test_the_registry_is_befallen_too(simulated, faults):
    faults.add("status", status=500, path="/v2/*")

    assert simulated("GET", "/v1/health").status == 200
    assert [simulated("GET", "/v2/").status for _ in range(2)] == [500, 200]


def test_rules_count_for_what_they_name_and_the_first_that_fits_goes_first(simulated, faults):
    faults.add("status", status=500, method="get", path="/v1/teams")
    faults.add("status", status=501, path="/v1/*", times=2)

    statuses = [simulated("GET", path).status for path in ("/v1/health", "/v1/teams", "/v1/teams", "/v1/teams")]

    assert statuses == [501, 500, 501, 200]


def test_cleared_faults_do_not_come_and_the_log_stays(simulated, faults):
    faults.add("status", times=None)
    faults.seed(1, rate=1)
    assert simulated("GET", "/v1/health").status == 503
    faults.clear()

    assert simulated("GET", "/v1/health").status == 200
    assert [fault.kind for fault in faults.log] == ["status"]


def test_faults_by_chance_come_to_the_same_requests_again(tools):
    told = []
    for _ in range(2):
        with LocalChamber(executor="simulated") as chamber:
            call = tools.Caller(chamber)
            call("GET", "/v1/health")
            chamber.faults.seed(7, rate=0.4, kinds=["status", Fault(kind="status", status=502, acted=True)])
            told.append([call("GET", "/v1/health").status for _ in range(40)])

    assert told[0] == told[1]
    assert set(told[0]) == {200, 502, 503}


@pytest.mark.parametrize(
    "wrong",
    [
        lambda faults: faults.add("flood"),
        lambda faults: faults.add("status", status=99),
        lambda faults: faults.add("delay", seconds=-1),
        lambda faults: faults.add("html", times=0),
        lambda faults: faults.add("refuse", path="/v1/workloads"),
        lambda faults: faults.add("refuse", times=2),
        lambda faults: faults.seed(1, rate=1.1),
        lambda faults: faults.seed(1, rate=0.1, kinds=["refuse"]),
        lambda faults: faults.seed(1, rate=0.1, kinds=[]),
        lambda faults: faults.seed(1, rate=0.1, most_in_a_row=0),
    ],
)
def test_a_fault_that_makes_no_sense_is_a_configuration_error(faults, wrong):
    with pytest.raises(ConfigurationError):
        wrong(faults)


def test_nothing_can_be_refused_where_nothing_runs():
    with pytest.raises(ConfigurationError, match="running"):
        LocalChamber().faults.add("refuse")


def test_the_oracle_tells_every_workload_in_order(simulated):
    made = [json.loads(submit(simulated, name=f"job {n}").body)["data"]["workload_id"] for n in range(3)]

    told = simulated.chamber.workloads()

    assert [(workload.id, workload.name) for workload in told] == [(made[n], f"job {n}") for n in range(3)]
