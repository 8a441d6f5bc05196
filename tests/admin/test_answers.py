"""What is made of the API's answers, in every dialect."""

from datetime import UTC, datetime

import pytest

from chamber.core import AllocationStatus, AuthorizationError, NotFoundError, UnexpectedResponseError
from chamber.core.testing import Reply

SNAKE_TEAM = {
    "initiative_id": "team-1",
    "name": "ML Research",
    "description": "Machine learning",
    "parent_id": "team-0",
    "tags": {"department": "engineering"},
    "created_at": "2026-01-15T10:30:00+01:00",
    "budget": 7,
}
CAMEL_TEAM = {
    "id": "team-1",
    "name": "ML Research",
    "description": "Machine learning",
    "parentId": "team-0",
    "tags": {"department": "engineering"},
    "createdAt": "2026-01-15T09:30:00Z",
    "budget": 7,
}
SNAKE_TEMPLATE = {
    "template_id": "tpl-1",
    "name": "train",
    "scope": "organization",
    "description": "A template",
    "gpu_type": "H100",
    "gpu_count": 8,
    "k8s_manifest": "kind: Job",
    "configuration": {"epochs": 3},
    "color": "red",
}
CAMEL_TEMPLATE = {
    "id": "tpl-1",
    "name": "train",
    "scope": "ORGANIZATION",
    "description": "A template",
    "gpuType": "H100",
    "requestedGpus": 8,
    "k8sManifest": "kind: Job",
    "configuration": {"epochs": 3},
    "color": "red",
}
SNAKE_ALLOCATION = {
    "allocation_id": "al-1",
    "initiative_id": "team-1",
    "reservation_id": "res-1",
    "allocated_instances": 4,
    "status": "active",
    "created_at": "2026-01-15T09:30:00Z",
    "zone": "a",
}
CAMEL_ALLOCATION = {
    "id": "al-1",
    "initiativeId": "team-1",
    "reservationId": "res-1",
    "allocatedInstances": 4,
    "status": "ACTIVE",
    "createdAt": "2026-01-15T10:30:00.000+01:00",
    "zone": "a",
}

ONE = {
    "bare": lambda thing, word: thing,
    "data": lambda thing, word: {"data": thing, "metadata": {}, "request_id": "req_1"},
    "word": lambda thing, word: {word: thing},
    "data and word": lambda thing, word: {"data": {word: thing}},
    "body": lambda thing, word: {"body": thing},
}
MANY = {
    "bare": lambda things, word: Reply(body=things),
    "data": lambda things, word: {"data": things, "metadata": {"next_token": None}},
    "word": lambda things, word: {f"{word}s": things},
    "data and word": lambda things, word: {"data": {f"{word}s": things}, "metadata": {"next_token": None}},
    "body": lambda things, word: {"body": things, "next_token": None},
    "items": lambda things, word: {"items": things},
    "results": lambda things, word: {"results": things},
}
BAD_ANSWERS = {
    "nothing": b"",
    "a page of a gateway": b"<html>Bad gateway</html>",
    "null": b"null",
    "a text": b'"ok"',
    "an empty object": b"{}",
    "an empty envelope": b'{"data": {}}',
    "another object": b'{"data": {"message": "hello"}}',
    "a list of numbers": b"[1, 2]",
    "rows without ids": b'[{"name": "a"}]',
    "broken JSON": b'{"teams": [',
}
CALLS = {
    "list_teams": ("GET teams", ()),
    "create_team": ("POST teams", ("ML",)),
    "get_team": ("GET teams/x", ("x",)),
    "list_templates": ("GET templates", ()),
    "get_template": ("GET templates/x", ("x",)),
    "list_allocations": ("GET customer/allocations", ("x",)),
    "create_allocation": ("POST customer/allocations", ("x", "y", 1)),
    "get_allocation": ("GET customer/allocations/x", ("x",)),
}

either = pytest.mark.parametrize("spelling", [0, 1], ids=["documented", "legacy"])
one = pytest.mark.parametrize("form", ONE.values(), ids=ONE)
many = pytest.mark.parametrize("form", MANY.values(), ids=MANY)


def is_the_team(team):
    assert (team.id, team.name, team.description) == ("team-1", "ML Research", "Machine learning")
    assert (team.parent_id, team.tags) == ("team-0", {"department": "engineering"})
    assert team.created_at == datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
    assert team.extra == {"budget": 7}


def is_the_template(template):
    assert (template.id, template.name, template.scope) == ("tpl-1", "train", "ORGANIZATION")
    assert (template.description, template.gpu_type, template.requested_gpus) == ("A template", "H100", 8)
    assert (template.k8s_manifest, template.configuration) == ("kind: Job", {"epochs": 3})
    assert template.extra == {"color": "red"}


def is_the_allocation(allocation):
    assert (allocation.id, allocation.initiative_id, allocation.reservation_id) == ("al-1", "team-1", "res-1")
    assert (allocation.allocated_instances, allocation.status) == (4, AllocationStatus.ACTIVE)
    assert allocation.created_at == datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
    assert allocation.extra == {"zone": "a"}


@either
@one
@pytest.mark.parametrize(
    ("method", "arguments", "endpoint"),
    [("get_team", ("team-1",), "GET teams/team-1"), ("create_team", ("ML Research",), "POST teams")],
)
def test_a_team_is_read_in_every_dialect(call, spelling, form, method, arguments, endpoint):
    body = form((SNAKE_TEAM, CAMEL_TEAM)[spelling], ("initiative", "team")[spelling])
    is_the_team(call({endpoint: body}, method, *arguments)[0])


@either
@many
def test_teams_are_read_in_every_dialect(call, spelling, form):
    rows = [(SNAKE_TEAM, CAMEL_TEAM)[spelling], {"team_id": "team-2", "name": "Web", "parent_id": None}]
    found, _ = call({"GET teams": form(rows, ("initiative", "team")[spelling])}, "list_teams")
    is_the_team(found[0])
    assert (found[1].id, found[1].parent_id, found[1].tags, found[1].created_at) == ("team-2", None, {}, None)


@either
@one
def test_a_template_is_read_in_every_dialect(call, spelling, form):
    body = form((SNAKE_TEMPLATE, CAMEL_TEMPLATE)[spelling], "template")
    is_the_template(call({"GET templates/tpl-1": body}, "get_template", "tpl-1")[0])


@either
@many
def test_templates_are_read_in_every_dialect(call, spelling, form):
    rows = [(SNAKE_TEMPLATE, CAMEL_TEMPLATE)[spelling], {"id": "tpl-2", "name": "own", "scope": "SYSTEM"}]
    found, _ = call({"GET templates": form(rows, "template")}, "list_templates")
    is_the_template(found[0])
    assert (found[1].scope, found[1].requested_gpus) == ("SYSTEM", None)
    assert not found[1].scope.is_known


@either
@one
@pytest.mark.parametrize(
    ("method", "arguments", "endpoint"),
    [
        ("get_allocation", ("al-1",), "GET customer/allocations/al-1"),
        ("create_allocation", ("team-1", "res-1", 4), "POST customer/allocations"),
    ],
)
def test_an_allocation_is_read_in_every_dialect(call, spelling, form, method, arguments, endpoint):
    body = form((SNAKE_ALLOCATION, CAMEL_ALLOCATION)[spelling], "allocation")
    is_the_allocation(call({endpoint: body}, method, *arguments)[0])


@either
@many
def test_allocations_are_read_in_every_dialect(call, spelling, form):
    rows = [(SNAKE_ALLOCATION, CAMEL_ALLOCATION)[spelling], {"id": "al-2", "status": "paused", "createdAt": None}]
    found, _ = call({"GET customer/allocations": form(rows, "allocation")}, "list_allocations", "team-1")
    is_the_allocation(found[0])
    assert (str(found[1].status), found[1].status.is_known) == ("paused", False)


@pytest.mark.parametrize("method", ["list_teams", "list_templates", "list_allocations"])
def test_an_empty_list_is_a_list(call, method):
    endpoint, arguments = CALLS[method]
    assert call({endpoint: {"data": []}}, method, *arguments)[0] == []


@pytest.mark.parametrize("body", BAD_ANSWERS.values(), ids=BAD_ANSWERS)
@pytest.mark.parametrize("method", CALLS)
def test_an_answer_that_is_not_understood_is_an_error(call, method, body):
    endpoint, arguments = CALLS[method]
    with pytest.raises(UnexpectedResponseError, match="The API answered 200 with"):
        call({endpoint: Reply(body=body)}, method, *arguments)


@pytest.mark.parametrize("method", CALLS)
@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (404, {"error": {"code": "NOT_FOUND", "message": "no such thing"}}, NotFoundError),
        (403, {"message": "no such thing"}, AuthorizationError),
        (404, {"error": "no such thing"}, NotFoundError),
    ],
)
def test_an_error_of_the_api_is_an_error_of_the_family(call, method, status, body, error):
    endpoint, arguments = CALLS[method]
    with pytest.raises(error, match="no such thing"):
        call({endpoint: Reply(status, body)}, method, *arguments)
