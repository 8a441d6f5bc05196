"""The table of permissions, cell by cell, and the tree of teams that it speaks of."""

import pathlib
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chamber.core.errors import ConfigurationError
from chamber.local import Role, User
from chamber.local.directory import Directory, Place
from chamber.local.faults import Kind
from chamber.local.permissions import PERMISSIONS, Act, Caller, permits

#: Whose workload, in which team → who may do it.
CASES = [
    (Act.SEE_TEAMS, "hers", "ada", {"ORG_ADMIN", "TEAM_LEAD", "MEMBER"}),
    (Act.SEE_TEAMS, "other", "bob", {"ORG_ADMIN", "TEAM_LEAD", "MEMBER"}),
    (Act.SEE_WORK, "hers", "bob", {"ORG_ADMIN", "TEAM_LEAD", "MEMBER"}),
    (Act.SEE_WORK, "other", "bob", {"ORG_ADMIN"}),
    (Act.SUBMIT, "hers", None, {"ORG_ADMIN", "TEAM_LEAD", "MEMBER"}),
    (Act.SUBMIT, "other", None, {"ORG_ADMIN"}),
    (Act.CANCEL, "hers", "ada", {"ORG_ADMIN", "TEAM_LEAD", "MEMBER"}),
    (Act.CANCEL, "hers", "bob", {"ORG_ADMIN", "TEAM_LEAD"}),
    (Act.CANCEL, "other", "ada", {"ORG_ADMIN"}),
    (Act.CREATE_TEAM, "hers", None, {"ORG_ADMIN"}),
    (Act.CREATE_ALLOCATION, "hers", None, {"ORG_ADMIN"}),
]


@pytest.mark.parametrize(("act", "team", "owner", "roles"), CASES)
def test_each_role_may_do_what_the_table_says(act, team, owner, roles):
    callers = [Caller("ada", role, "org_local", frozenset({"hers"})) for role in Role]

    assert {str(caller.role) for caller in callers if permits(caller, act, team, owner)} == roles


def test_the_table_has_every_act_and_every_role():
    assert set(PERMISSIONS) == set(Act) == {act for act, *_ in CASES}
    assert all(set(of_roles) == set(Role) for of_roles in PERMISSIONS.values())


def test_the_documentation_has_the_table():
    page = (pathlib.Path(__file__).parents[2] / "docs" / "testing.md").read_text("utf-8")

    for act, of_roles in PERMISSIONS.items():
        assert f"| {act} | {' | '.join(of_roles[role] for role in Role)} |" in page


def test_the_documentation_has_every_kind_of_fault():
    page = (pathlib.Path(__file__).parents[2] / "docs" / "testing.md").read_text("utf-8")

    assert [kind for kind in get_args(Kind) if f"\n| `{kind}` |" not in page] == []


@pytest.mark.parametrize("wrong", [{"role": "OWNER"}, {"role": "member"}, {"name": ""}])
def test_a_user_without_a_name_or_with_an_unknown_role_is_refused(wrong):
    with pytest.raises(ConfigurationError, match="ORG_ADMIN, TEAM_LEAD, MEMBER"):
        User(**{"name": "ada", **wrong})


@st.composite
def directories(draw):
    """Trees of teams in two organizations: each team's parent was there before it, in the same organization."""
    places = {}
    for number in range(draw(st.integers(1, 12))):
        organization = draw(st.sampled_from(["a", "b"]))
        above = [team for team, place in places.items() if place.organization_id == organization]
        places[f"t{number}"] = Place(organization, draw(st.sampled_from([None, *above])))
    return places


@settings(deadline=None)
@given(directories(), st.sets(st.sampled_from([f"t{n}" for n in range(12)])))
def test_teams_within_others_are_what_climbing_from_each_finds(places, roots):
    directory = Directory(places)

    for organization in ("a", "b"):
        within = directory.within(roots, organization)
        assert within <= directory.teams_of(organization)
        for team in directory.teams_of(organization):
            parent = places[team].parent_id
            assert (team in within) == (team in roots or parent in within)
        assert directory.is_all(organization) == (directory.teams_of(organization) == set(places))
