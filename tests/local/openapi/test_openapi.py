"""The OpenAPI document, and schemathesis with all of its checks against it."""

import pytest
from reliability import contract
from reliability.contract import DIALECTS

from chamber.local import LocalChamber
from chamber.local.api import dialects
from chamber.local.api.openapi import document
from chamber.local.api.routes import ENDPOINTS

pytestmark = pytest.mark.once


@pytest.fixture(params=DIALECTS)
def chamber(request):
    with LocalChamber(request.param, executor="simulated") as running:
        yield running


@pytest.mark.parametrize("dialect", DIALECTS)
def test_schemathesis_finds_nothing_in_2_000_cases(dialect):
    tried = contract.run(dialect)

    assert not tried.found
    assert tried.cases >= 2000


def test_the_document_names_every_route_that_is_served(chamber, tools):
    told = tools.Caller(chamber)("GET", "/openapi.json", token=False).json

    assert told["openapi"] == "3.1.0"
    assert set(told["paths"]) == {endpoint.path for endpoint in ENDPOINTS}
    operations = [operation for methods in told["paths"].values() for operation in methods.values()]
    assert len({operation["operationId"] for operation in operations}) == len(ENDPOINTS)


@pytest.mark.parametrize(
    ("dialect", "parameters"),
    [
        ("documented", {"start_date", "end_date"}),
        ("legacy", {"submitted_after", "submitted_before"}),
    ],
)
def test_the_document_has_the_words_of_its_dialect(dialect, parameters):
    told = document(dialects.DIALECTS[dialect], idempotency=False)

    listing = {parameter["name"]: parameter for parameter in told["paths"]["/workloads"]["get"]["parameters"]}
    word = dialects.DIALECTS[dialect].case("running")
    assert parameters < set(listing)
    assert word in listing["status"]["schema"]["items"]["enum"]


def test_a_server_that_does_not_heed_idempotency_keys_does_not_tell_of_them():
    with_keys, without = (
        document(dialects.DIALECTS["documented"], idempotency=told)["paths"]["/workloads"]["post"]
        for told in (True, False)
    )

    assert [parameter["name"] for parameter in with_keys["parameters"]] == ["Idempotency-Key", "X-Organization-Id"]
    assert [parameter["name"] for parameter in without["parameters"]] == ["X-Organization-Id"]
    assert set(with_keys["responses"]) - set(without["responses"]) == {"409", "422"}
