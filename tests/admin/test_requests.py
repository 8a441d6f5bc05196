"""What is asked of the API, and what is refused before it is asked."""

import inspect

import pytest

from chamber.admin import TemplateScope
from chamber.core import AsyncChamberClient, ChamberClient, ValidationError
from chamber.core.testing import RecordingTransport, Reply

TEAM = {"team": {"id": "team-1", "name": "ML"}}
TEMPLATE = {"template": {"id": "tpl-1", "name": "train"}}
ALLOCATION = {"allocation": {"id": "al-1"}}
ALLOCATIONS = "customer/allocations"

REQUESTS = [
    ("list_teams", (), "GET teams", {"teams": []}, {}, None),
    ("create_team", ("ML",), "POST teams", TEAM, {}, {"name": "ML"}),
    (
        "create_team",
        ("n" * 255, "d" * 1000, "team-0", {"department": "engineering"}),
        "POST teams",
        TEAM,
        {},
        {
            "name": "n" * 255,
            "description": "d" * 1000,
            "parent_id": "team-0",
            "tags": {"department": "engineering"},
        },
    ),
    ("get_team", ("team-1",), "GET teams/team-1", TEAM, {}, None),
    ("list_templates", (), "GET templates", {"templates": []}, {"include_system": "true"}, None),
    (
        "list_templates",
        ("train", "organization", False),
        "GET templates",
        {"templates": []},
        {"name": "train", "scope": "ORGANIZATION", "include_system": "false"},
        None,
    ),
    (
        "list_templates",
        (None, TemplateScope.PERSONAL),
        "GET templates",
        {"templates": []},
        {"scope": "PERSONAL", "include_system": "true"},
        None,
    ),
    ("get_template", ("tpl-1",), "GET templates/tpl-1", TEMPLATE, {}, None),
    ("list_allocations", ("team-1",), f"GET {ALLOCATIONS}", {"allocations": []}, {"initiative_id": "team-1"}, None),
    (
        "create_allocation",
        ("team-1", "res-1", 4),
        f"POST {ALLOCATIONS}",
        ALLOCATION,
        {},
        {"initiative_id": "team-1", "reservation_id": "res-1", "allocated_instances": 4},
    ),
    ("get_allocation", ("al-1",), f"GET {ALLOCATIONS}/al-1", ALLOCATION, {}, None),
]

SIGNATURES = {
    "list_teams": {},
    "create_team": {"name": ..., "description": None, "parent_id": None, "tags": None},
    "get_team": {"team_id": ...},
    "list_templates": {"name": None, "scope": None, "include_system": True},
    "get_template": {"template_id": ...},
    "list_allocations": {"initiative_id": ...},
    "create_allocation": {"initiative_id": ..., "reservation_id": ..., "allocated_instances": ...},
    "get_allocation": {"allocation_id": ...},
}

REFUSED = [
    ("create_team", ("",), "name is needed"),
    ("create_team", ("  ",), "name is needed"),
    ("create_team", (None,), "name is needed"),
    ("create_team", ("n" * 256,), "name has 1 to 255 characters, not 256"),
    ("create_team", ("ML", "d" * 1001), "description has 0 to 1000 characters, not 1001"),
    ("create_team", ("ML", 7), "description is a text"),
    ("create_team", ("ML", None, ""), "parent_id has 1 to 255 characters"),
    ("create_team", ("ML", None, None, {"when": object()}), "cannot be written as JSON"),
    ("get_team", ("..",), "is not an identifier"),
    ("get_template", ("a/b",), "is not an identifier"),
    ("get_allocation", ("",), "is not an identifier"),
    ("list_templates", (None, "EVERYBODY"), "scope is one of PERSONAL, PROJECT, ORGANIZATION, not 'EVERYBODY'"),
    ("list_allocations", ("",), "initiative_id is needed"),
    ("create_allocation", ("", "res-1", 4), "initiative_id is needed"),
    ("create_allocation", ("team-1", None, 4), "reservation_id is needed"),
    ("create_allocation", ("team-1", "res-1", 0), "allocated_instances is a whole number of 1 or more, not 0"),
    ("create_allocation", ("team-1", "res-1", 1.5), "allocated_instances is a whole number"),
    ("create_allocation", ("team-1", "res-1", True), "allocated_instances is a whole number"),
]


@pytest.mark.parametrize(("method", "arguments", "endpoint", "reply", "params", "body"), REQUESTS)
def test_every_argument_reaches_the_api(call, method, arguments, endpoint, reply, params, body):
    _, calls = call({endpoint: reply}, method, *arguments)
    assert [(c.params, c.body) for c in calls] == [(params, body)]


@pytest.mark.parametrize(("method", "arguments", "message"), REFUSED)
def test_an_argument_out_of_bounds_is_refused_before_anything_is_sent(call, method, arguments, message):
    transport = RecordingTransport()
    with pytest.raises(ValidationError, match=message):
        call(transport, method, *arguments)
    assert transport.calls == []


@pytest.mark.parametrize("client", [ChamberClient, AsyncChamberClient])
@pytest.mark.parametrize(("method", "parameters"), SIGNATURES.items())
def test_parameters_have_the_order_and_defaults_of_the_reference(client, method, parameters):
    found = dict(inspect.signature(getattr(client, method)).parameters)
    assert "self" not in found
    defaults = {name: ... if p.default is p.empty else p.default for name, p in found.items()}
    assert list(defaults.items()) == list(parameters.items())


@pytest.mark.parametrize(
    ("method", "arguments", "endpoint", "reply"),
    [
        ("create_team", ("ML",), "POST teams", TEAM),
        ("create_allocation", ("team-1", "res-1", 4), f"POST {ALLOCATIONS}", ALLOCATION),
    ],
)
def test_what_creates_carries_one_key_for_all_its_attempts(call, method, arguments, endpoint, reply):
    _, first = call({endpoint: [Reply(429), reply]}, method, *arguments)
    _, second = call({endpoint: reply}, method, *arguments)
    keys = [c.headers["Idempotency-Key"] for c in (*first, *second)]
    assert len(keys) == 3
    assert keys[0] == keys[1] != keys[2]


@pytest.mark.parametrize(
    ("method", "arguments", "endpoint", "key"),
    [
        ("list_teams", (), "teams", "teams"),
        ("list_templates", ("train",), "templates", "templates"),
        ("list_allocations", ("team-1",), ALLOCATIONS, "allocations"),
    ],
)
def test_a_list_that_comes_in_pages_is_read_to_its_end(call, method, arguments, endpoint, key):
    pages = [
        {"data": {key: [{"id": "1", "name": "one"}]}, "metadata": {"next_token": "more"}},
        {"data": {key: [{"id": "2", "name": "two"}]}, "metadata": {"next_token": None}},
    ]
    found, calls = call({f"GET {endpoint}": pages}, method, *arguments)
    assert [item.id for item in found] == ["1", "2"]
    first, second = (c.params for c in calls)
    assert "next_token" not in first
    assert second == {**first, "next_token": "more"}
