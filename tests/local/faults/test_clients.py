"""Each kind of fault against the real client: a result, or an error of ours; never anything else."""

import time
from typing import get_args

import pytest

from chamber.core import ChamberClient, ChamberError, UnexpectedResponseError
from chamber.local import LocalChamber
from chamber.local.faults import Fault, Kind

#: The kinds, and what of them takes so little time that a client can bear it.
FAULTS = {kind: {"seconds": 0.01} if kind in {"delay", "drip"} else {} for kind in get_args(Kind)}


def submitted(client, chamber):
    return client.submit_job("job", chamber.team, "H100").id


CALLS = {
    "health": lambda client, _: client.health(),
    "one": lambda client, chamber: client.get_workload(chamber.workloads()[0].id),
    "page": lambda client, _: client.list_workloads(limit=2),
    "all": lambda client, _: list(client.iter_workloads()),
    "search": lambda client, _: client.search_workloads(page_size=2),
    "statistics": lambda client, _: client.get_workload_stats(),
    "teams": lambda client, _: client.list_teams(),
    "templates": lambda client, _: client.list_templates(),
    "capacity": lambda client, _: client.get_capacity(),
    "cancel": lambda client, chamber: client.cancel_workload(chamber.workloads()[-1].id),
    "submit": submitted,
}


@pytest.fixture(params=["documented", "legacy"])
def chamber(request):
    with LocalChamber(request.param, executor="simulated") as running:
        yield running


@pytest.fixture
def client(chamber):
    with chamber.client(clock=chamber.virtual_time) as client:
        for _ in range(3):
            client.submit_job("job", chamber.team, "H100", metadata={"simulated_seconds": 600})
        yield client


@pytest.mark.parametrize("times", [1, None])
@pytest.mark.parametrize("kind", [kind for kind in FAULTS if kind != "refuse"])
def test_every_call_ends_in_a_result_or_in_an_error_of_ours(chamber, client, kind, times):
    ended = {}
    for name, call in CALLS.items():
        chamber.faults.add(kind, times=times, **FAULTS[kind])
        try:
            ended[name] = call(client, chamber)
        except ChamberError as error:
            ended[name] = error
        chamber.faults.clear()

    assert all(str(error) for error in ended.values())
    assert {fault.kind for fault in chamber.faults.log} <= {kind}
    assert chamber.faults.log or kind == "repeat_cursor"  # which has a test of its own
    if times == 1 and kind in {"reset_before", "delay", "drip", "status", "reset_after"}:
        assert not [error for error in ended.values() if isinstance(error, ChamberError)]


def test_refused_connections_are_an_error_of_ours(chamber, client):
    chamber.faults.add("refuse")

    for name, call in CALLS.items():
        if name not in {"one", "cancel"}:
            with pytest.raises(ChamberError):
                call(client, chamber)


@pytest.mark.parametrize("kind", ["unknown_status", "unknown_enum"])
def test_words_of_which_nobody_heard_are_kept_as_they_came(chamber, client, kind):
    chamber.faults.add(kind, times=None)

    (page, templates) = client.list_workloads(), client.list_templates()

    words = {"unknown_status": "paused", "unknown_enum": "unheard_of"}
    assert {str(workload.status).lower() for workload in page.items} == {words[kind]}
    assert len(page.items) == 3
    if kind == "unknown_enum":
        assert {str(workload.job_class) for workload in page.items} == {"UNHEARD_OF"}
        assert [str(template.scope) for template in templates] == ["UNHEARD_OF"]


def test_an_answer_that_drips_for_too_long_ends_with_the_calls_timeout(chamber):
    chamber.faults.add("drip", seconds=120, times=None)
    with ChamberClient(chamber.token, chamber.api_url, chamber.organization_id, timeout=0.5) as client:
        started = time.monotonic()
        with pytest.raises(ChamberError):
            client.list_teams()

    assert time.monotonic() - started < 60


def test_a_page_of_html_is_not_understood(chamber, client):
    chamber.faults.add("html", times=None)

    with pytest.raises(UnexpectedResponseError):
        client.list_workloads()


def test_a_listing_whose_cursor_is_repeated_ends(chamber, client):
    chamber.faults.add("repeat_cursor", times=None)
    for _ in range(200):
        client.submit_job("job", chamber.team, "H100")

    with pytest.raises(ChamberError):
        list(client.iter_workloads())


def test_a_content_type_may_be_any(simulated):
    faults = simulated.chamber.faults
    faults.add("content_type")
    faults.add("content_type", headers={"content-type": "image/png"})

    first, second = simulated("GET", "/v1/teams"), simulated("GET", "/v1/teams")

    assert (first.headers["Content-Type"], second.headers["Content-Type"]) == ("text/plain; charset=utf-8", "image/png")
    assert first.data["initiatives" if "initiatives" in first.data else "teams"]


def test_a_body_drips_in_pieces_over_the_seconds_that_were_asked_for(simulated):
    simulated.chamber.faults.add("drip", seconds=0.3)
    started = time.monotonic()

    whole = simulated("GET", "/v1/teams")

    assert time.monotonic() - started >= 0.28
    assert (whole.json["data"], whole.status) == (simulated("GET", "/v1/teams").json["data"], 200)


def test_faults_of_every_kind_come_by_seed():
    drawn = []
    for _ in range(2):
        with LocalChamber(executor="simulated") as chamber, chamber.client(clock=chamber.virtual_time) as client:
            kinds = [Fault(kind=kind, **wanted) for kind, wanted in FAULTS.items() if kind != "refuse"]
            chamber.faults.seed(3, rate=0.5, kinds=kinds)
            for _ in range(25):
                try:
                    client.list_teams()
                except ChamberError:
                    continue
            drawn.append([(fault.number, fault.kind) for fault in chamber.faults.log][:20])

    assert drawn[0] == drawn[1]
    assert len({kind for _, kind in drawn[0]}) >= 5
