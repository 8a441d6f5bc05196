"""Every operation on a real Chamber, on both faces, in both dialects."""

import asyncio

import pytest

from chamber.admin import Allocation, Team, Template, team_tree
from chamber.core import AllocationStatus, NotFoundError, ValidationError
from chamber.local import LocalChamber


def _blocking(chamber, method, arguments, options):
    with chamber.client() as client:
        return getattr(client, method)(*arguments, **options)


def _awaiting(chamber, method, arguments, options):
    async def call():
        async with chamber.async_client() as client:
            return await getattr(client, method)(*arguments, **options)

    return asyncio.run(call())


@pytest.fixture(params=["documented", "legacy"])
def chamber(request):
    with LocalChamber(request.param, executor="simulated") as running:
        yield running


@pytest.fixture(params=[_blocking, _awaiting], ids=["blocking", "awaiting"])
def ask(request, chamber):
    """``ask(method, *arguments)`` → the result."""
    return lambda method, *arguments, **options: request.param(chamber, method, arguments, options)


def test_a_new_chamber_has_one_team(ask, chamber):
    (team,) = ask("list_teams")
    assert isinstance(team, Team)
    assert team.id == chamber.team
    assert team.created_at.utcoffset().total_seconds() == 0


def test_a_team_that_was_made_is_found_and_listed(ask, chamber):
    made = ask("create_team", "ML", "Learning", chamber.team, {"department": "engineering"})
    assert (made.name, made.description, made.parent_id) == ("ML", "Learning", chamber.team)
    assert made.tags == {"department": "engineering"}
    assert ask("get_team", made.id) == made
    assert made in ask("list_teams")


def test_the_limits_of_a_team_are_those_of_the_api(ask):
    assert ask("create_team", "n" * 255, "d" * 1000).name == "n" * 255
    assert ask("create_team", "só 模型").name == "só 模型"


def test_a_team_under_an_unknown_one_is_refused_by_the_api(ask):
    with pytest.raises(ValidationError, match="parent_id"):
        ask("create_team", "ML", parent_id="init_none")


def test_teams_make_a_tree(ask, chamber):
    child = ask("create_team", "child", parent_id=chamber.team)
    ask("create_team", "grandchild", parent_id=child.id)
    ask("create_team", "apart")
    trees = team_tree(ask("list_teams"))
    walked = [[(depth, team.name) for depth, team in tree.walk()] for tree in trees]
    assert sorted(walked) == [[(0, "apart")], [(0, "local"), (1, "child"), (2, "grandchild")]]


def test_the_templates_of_a_chamber_are_listed_and_found(ask):
    (template,) = ask("list_templates")
    assert isinstance(template, Template)
    assert "kind: Job" in template.k8s_manifest
    assert ask("get_template", template.id) == template


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"name": "ELL"}, 1),
        ({"name": "other"}, 0),
        ({"scope": "organization"}, 1),
        ({"scope": "PERSONAL"}, 0),
        ({"include_system": False}, 0),
    ],
)
def test_templates_are_filtered(ask, filters, count):
    assert len(ask("list_templates", **filters)) == count


def test_an_allocation_that_was_made_is_found_and_listed(ask, chamber):
    made = ask("create_allocation", chamber.team, "res-1", 4)
    assert isinstance(made, Allocation)
    assert (made.initiative_id, made.reservation_id, made.allocated_instances) == (chamber.team, "res-1", 4)
    assert made.status is AllocationStatus.ACTIVE
    assert ask("get_allocation", made.id) == made
    assert ask("list_allocations", chamber.team) == [made]


def test_the_allocations_of_another_team_are_not_listed(ask, chamber):
    ask("create_allocation", chamber.team, "res-1", 4)
    assert ask("list_allocations", "init_other") == []


def test_an_allocation_for_an_unknown_team_is_refused_by_the_api(ask):
    with pytest.raises(ValidationError, match="initiative_id"):
        ask("create_allocation", "init_none", "res-1", 1)


@pytest.mark.parametrize("method", ["get_team", "get_template", "get_allocation"])
def test_what_is_not_there_is_not_found(ask, method):
    with pytest.raises(NotFoundError, match="no_such_thing"):
        ask(method, "no_such_thing")


def test_what_is_listed_is_a_table_in_a_notebook(ask, chamber):
    for listed in (ask("list_teams"), ask("list_templates"), ask("list_allocations", chamber.team)):
        assert listed._repr_html_().count("<tr") == (len(listed) + 1 if listed else 0)
        assert isinstance(listed, list)
