"""Sections "Teams", "Templates" and "Allocations"."""

import uuid
from datetime import UTC, datetime

import pytest
from covering import covers, fields, parameters

from chamber.admin import Allocation, Team, Template
from chamber.core import AllocationStatus, NotFoundError, ValidationError
from chamber.local.storage import nouns


@covers(
    "create_team()",
    *parameters("create_team", "name description parent_id tags"),
    "get_team()",
    "get_team(team_id)",
    *fields("Team", "id name description parent_id tags created_at"),
)
def test_a_team_is_made_as_it_was_described(client, new_team):
    parent, before, name = new_team(), datetime.now(UTC), f"ML {uuid.uuid4().hex}"
    made = client.create_team(name, "learns", parent, {"department": "engineering"})
    assert isinstance(made, Team)
    assert (made.name, made.description, made.parent_id) == (name, "learns", parent)
    assert made.tags == {"department": "engineering"}
    assert before <= made.created_at <= datetime.now(UTC)
    assert client.get_team(made.id) == made
    assert client.get_team(parent).id == parent != made.id


@covers("list_teams()")
def test_all_teams_are_listed(client, chamber, new_team):
    ids = {new_team(), new_team(), chamber.team}
    teams = client.list_teams()
    assert ids <= {team.id for team in teams}
    assert all(isinstance(team, Team) for team in teams)


@pytest.mark.parametrize("wrong", [{"name": ""}, {"name": "n" * 256}, {"name": "n", "description": "d" * 1001}])
def test_a_team_outside_the_bounds_is_refused(client, wrong):
    with pytest.raises(ValidationError) as caught:
        client.create_team(**wrong)
    assert caught.value.status_code is None


@pytest.fixture
def template(database):
    """A template of a person, which is not the system's."""
    made = nouns.Template(
        id=f"tmpl_{uuid.uuid4().hex}",
        name=f"Mine {uuid.uuid4().hex}",
        scope="PERSONAL",
        description="for trying",
        gpu_type="A100",
        requested_gpus=2,
        k8s_manifest="kind: Job",
        configuration={"Snake_key": {"camelKey": 1}},
    )
    with database:
        nouns.add(database, made)
    return made


FIELDS = "id name scope description gpu_type requested_gpus k8s_manifest configuration"


@covers("get_template()", "get_template(template_id)", *fields("Template", FIELDS))
def test_a_template_is_read_by_its_id(client, template):
    found = client.get_template(template.id)
    assert isinstance(found, Template)
    assert {name: getattr(found, name) for name in FIELDS.split()} == {
        name: getattr(template, name) for name in FIELDS.split()
    }
    assert client.get_template("tmpl_hello").name == "hello"


@covers("list_templates()", *parameters("list_templates", "name scope include_system"))
def test_each_filter_of_templates_chooses(client, template):
    def listed(**filters):
        return {found.id for found in client.list_templates(**filters)}

    both = {template.id, "tmpl_hello"}
    assert both <= listed()
    assert listed(name=template.name[:12].lower()) == {template.id}
    assert both & listed(scope="PERSONAL") == {template.id}
    assert both & listed(scope="organization") == {"tmpl_hello"}
    assert both & listed(include_system=False) == {template.id}


@covers(
    "create_allocation()",
    *parameters("create_allocation", "initiative_id reservation_id allocated_instances"),
    "get_allocation()",
    "get_allocation(allocation_id)",
    *fields("Allocation", "id initiative_id reservation_id allocated_instances status created_at"),
)
def test_an_allocation_is_made_as_it_was_described(client, team):
    before = datetime.now(UTC)
    made = client.create_allocation(initiative_id=team, reservation_id="reservation-123", allocated_instances=4)
    assert isinstance(made, Allocation)
    assert (made.initiative_id, made.reservation_id, made.allocated_instances) == (team, "reservation-123", 4)
    assert made.status is AllocationStatus.ACTIVE
    assert before <= made.created_at <= datetime.now(UTC)
    assert client.get_allocation(made.id) == made


@covers("list_allocations()", "list_allocations(initiative_id)")
def test_the_allocations_of_a_team_are_listed(client, team, new_team):
    made = client.create_allocation(team, "reservation-1", 1)
    client.create_allocation(new_team(), "reservation-1", 1)
    assert client.list_allocations(initiative_id=team) == [made]


@pytest.mark.parametrize("method", ["get_team", "get_template", "get_allocation"])
def test_what_is_not_there_is_not_found(client, method):
    with pytest.raises(NotFoundError):
        getattr(client, method)("none-such")
