"""Teams as trees, whatever their parents are."""

from hypothesis import given
from hypothesis import strategies as st

from chamber.admin import Team, team_tree


def _team(key, parent=None):
    return Team(id=key, name=key.upper(), parent_id=parent)


def _outline(teams):
    return [(depth, team.id) for root in team_tree(teams) for depth, team in root.walk()]


def test_children_stand_below_their_parents_in_the_order_given():
    teams = [_team("c", "a"), _team("a"), _team("b", "a"), _team("d", "c"), _team("e")]
    assert _outline(teams) == [(0, "a"), (1, "c"), (2, "d"), (1, "b"), (0, "e")]


def test_a_team_whose_parent_cannot_be_seen_is_at_the_top():
    assert _outline([_team("b", "hidden"), _team("c", "b")]) == [(0, "b"), (1, "c")]


def test_no_teams_make_no_tree():
    assert team_tree([]) == []


def test_a_circle_is_cut_at_its_first_team():
    assert _outline([_team("a", "c"), _team("b", "a"), _team("c", "b")]) == [(0, "a"), (1, "b"), (2, "c")]


def test_a_team_that_is_its_own_parent_is_at_the_top():
    assert _outline([_team("a", "a"), _team("b", "a")]) == [(0, "a"), (1, "b")]


def test_what_hangs_on_a_circle_stays_below_it():
    assert _outline([_team("t", "a"), _team("a", "b"), _team("b", "a")]) == [(0, "a"), (1, "t"), (1, "b")]


def test_two_circles_are_cut_apart():
    teams = [_team("a", "b"), _team("b", "a"), _team("c", "d"), _team("d", "c")]
    assert _outline(teams) == [(0, "a"), (1, "b"), (0, "c"), (1, "d")]


def test_a_team_that_is_given_twice_is_there_once():
    assert _outline([_team("a"), _team("b", "a"), _team("a", "b")]) == [(0, "a"), (1, "b")]


def test_a_very_deep_tree_is_walked():
    teams = [_team(str(number), str(number - 1)) for number in range(20_000)]
    assert _outline(reversed(teams))[-1] == (19_999, "19999")


ids = st.sampled_from("abcdefgh")
any_teams = st.lists(st.builds(_team, ids, st.none() | ids | st.just("hidden")), max_size=12)


@given(any_teams)
def test_every_team_is_there_once_and_below_its_parent_or_at_the_top(teams):
    roots = team_tree(teams)
    walked = [team for root in roots for _, team in root.walk()]
    assert sorted(team.id for team in walked) == sorted({team.id for team in teams})
    nodes = list(roots)
    for node in nodes:
        assert all(child.team.parent_id == node.team.id for child in node.children)
        nodes.extend(node.children)


@given(any_teams)
def test_only_a_missing_parent_or_a_circle_brings_a_team_to_the_top(teams):
    parents = {}
    for team in teams:
        parents.setdefault(team.id, team.parent_id)
    for root in team_tree(teams):
        assert root.team.parent_id not in parents or _comes_back(root.team.id, parents)


def _comes_back(start, parents):
    at = start
    for _ in parents:
        at = parents.get(at)
        if at == start:
            return True
    return False
