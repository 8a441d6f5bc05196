"""Every public name of the vendor's package is there, with the parameters that it has."""

import copy

import pytest
from comparison import lacks
from programs import tell

pytestmark = pytest.mark.once

#: The tables of patterns, base images and templates in the modules below `chamber_sdk.run` are not compared.


@pytest.fixture(scope="module")
def described(pythons):
    """The public names of both packages."""
    told = {package: tell(python, "described.py") for package, python in pythons.items()}
    for module, names in told["theirs"].items():
        if module.startswith("chamber_sdk.run."):
            told["theirs"][module] = {name: one for name, one in names.items() if not name.isupper()}
    return told


def test_no_public_name_and_no_parameter_of_theirs_is_missing(described):
    assert sum(len(names) for names in described["theirs"].values()) > 100
    assert lacks(described["theirs"], described["ours"]) == []


def changed(described, module, name, change):
    """The packages as they are, but for one name of ours."""
    ours = copy.deepcopy(described["ours"])
    change(ours[module], name)
    return lacks(described["theirs"], ours)


def test_a_missing_module_name_parameter_or_default_is_noticed(described):
    found = [
        changed(described, "chamber_sdk", "Workload", lambda names, name: names.pop(name)),
        changed(described, "chamber_sdk.client", "ChamberClient", lambda names, name: _without_limit(names[name])),
        changed(described, "chamber_sdk.client", "ChamberClient", lambda names, name: _with_another_limit(names[name])),
        changed(described, "chamber_sdk.models", "JobStatus", lambda names, name: names[name]["members"].pop("QUEUED")),
        changed(described, "chamber_sdk.models", "Team", lambda names, name: names[name]["fields"].reverse()),
        changed(described, "chamber_sdk.exceptions", "ServerError", lambda names, name: names[name]["bases"].clear()),
    ]
    assert [[lack.partition(" ")[0] for lack in lacks] for lacks in found] == [
        ["chamber_sdk.Workload:"],
        ["chamber_sdk.client.ChamberClient.list_workloads(limit):", *_AFTER_LIMIT],
        ["chamber_sdk.client.ChamberClient.list_workloads(limit):"],
        ["chamber_sdk.models.JobStatus.QUEUED:"],
        ["chamber_sdk.models.Team:"],
        ["chamber_sdk.exceptions.ServerError:"] * 5,
    ]


_AFTER_LIMIT = ["chamber_sdk.client.ChamberClient.list_workloads(next_token):"]


def _limit(client):
    parameters = client["methods"]["list_workloads"]["parameters"]
    return parameters, next(one for one in parameters if one["name"] == "limit")


def _without_limit(client):
    parameters, limit = _limit(client)
    parameters.remove(limit)


def _with_another_limit(client):
    _limit(client)[1]["default"] = "100"
