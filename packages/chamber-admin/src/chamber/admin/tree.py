"""Teams as the trees that their parents make of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from chamber.admin.models import Team

__all__ = ["TeamNode", "team_tree"]


class TeamNode(msgspec.Struct, frozen=True):
    """A team and the teams that are a part of it."""

    team: Team
    children: list[TeamNode] = []

    def walk(self) -> Iterator[tuple[int, Team]]:
        """This team and every one below it, each after its parent, with its depth: 0 for this one."""
        waiting: list[tuple[int, TeamNode]] = [(0, self)]
        while waiting:
            depth, node = waiting.pop()
            yield depth, node.team
            waiting.extend((depth + 1, child) for child in reversed(node.children))


def team_tree(teams: Iterable[Team]) -> list[TeamNode]:
    """The teams that are a part of no other, each with those below it; all in the order given.

    Each team is there once. One whose parent is not among the teams is at the top, because the token may not see
    the parent; so is the first of teams that are each other's parents.
    """
    nodes: dict[str, TeamNode] = {}
    for team in teams:
        nodes.setdefault(team.id, TeamNode(team))
    parents = {key: node.team.parent_id for key, node in nodes.items()}
    tops = _first_of_circles(parents) | {key for key, parent in parents.items() if parent not in nodes}
    for key, parent in parents.items():
        if parent is not None and key not in tops:
            nodes[parent].children.append(nodes[key])
    return [node for key, node in nodes.items() if key in tops]


def _first_of_circles(parents: Mapping[str, str | None]) -> set[str]:
    """One team of each circle of parents: the first from which one comes to it."""
    found: set[str] = set()
    climbed: dict[str, str] = {}
    for start in parents:
        at: str | None = start
        while at is not None and at in parents and at not in climbed:
            climbed[at] = start
            at = parents[at]
        if at is not None and climbed.get(at) == start:
            found.add(at)
    return found
