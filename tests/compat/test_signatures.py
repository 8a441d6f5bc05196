"""Every public name of the vendor's package is there, with the parameters that it has.

Not compared are the tables in the modules below `chamber_sdk.run`: patterns, base images and templates of their own.
"""

import copy

import pytest
from comparison import lacks
from programs import tell

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def described(pythons):
    """The public names of both packages."""
    told = {package: tell(python, "described.py") for package, python in pythons.items()}
    theirs = {module: _without_tables(module, names) for module, names in told["theirs"].items()}
    return {**told, "theirs": {module: names for module, names in theirs.items() if names}}


def _without_tables(module, names):
    is_inner = module.startswith("chamber_sdk.run.")
    return {name: told for name, told in names.items() if not (is_inner and name.isupper())}


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
