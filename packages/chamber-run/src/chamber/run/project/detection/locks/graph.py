"""Which packages of a lock are reached from what the project needs, in one environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from chamber.run.project.detection.environments import Environment, applies
from chamber.run.project.detection.locks.pins import Pin
from chamber.run.project.detection.needs import need

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["Edge", "Node", "closure", "edge_of"]


class Edge(Struct, frozen=True):
    """That one package needs another."""

    #: Canonical.
    name: str
    extras: tuple[str, ...] = ()
    marker: str | None = None
    #: The version that was chosen, or the versions that will do, where the lock holds several.
    version: str | None = None
    specifier: str = ""


class Node(Struct, frozen=True):
    """A package of a lock, and what it needs; some of it only with an extra."""

    pin: Pin
    edges: tuple[Edge, ...] = ()
    extras: dict[str, tuple[Edge, ...]] = {}
    #: Where this version is the one that is installed.
    markers: tuple[str, ...] = ()


def edge_of(text: str, where: str) -> Edge:
    """A PEP 508 requirement as an edge. Raises ConfigurationError: it is none."""
    one = need(text, where)
    extras = tuple(sorted(canonicalize_name(extra) for extra in Requirement(text).extras))
    return Edge(one.name, extras, one.marker, specifier=one.specifier)


def closure(
    roots: Iterable[Edge],
    nodes: Mapping[str, Sequence[Node]],
    environment: Environment,
    extras: frozenset[str] = frozenset(),
) -> list[Pin]:
    """The pins that are reached from `roots`; what a lock does not hold is passed over.

    `extras` are those of the project itself, on which markers of its own edges may depend.
    """
    found: dict[Pin, None] = {}
    seen: set[tuple[Edge, frozenset[str]]] = set()
    waiting = [(edge, extras) for edge in roots]
    while waiting:
        edge, active = waiting.pop()
        if (edge, active) in seen or not applies(edge.marker, environment, active):
            continue
        seen.add((edge, active))
        node = _chosen(edge, nodes.get(edge.name, ()), environment)
        if node is None:
            continue
        found[node.pin] = None
        wanted = frozenset(edge.extras)
        waiting.extend((further, wanted) for further in node.edges)
        waiting.extend((further, wanted) for extra in edge.extras for further in node.extras.get(extra, ()))
    return list(found)


def _chosen(edge: Edge, nodes: Sequence[Node], environment: Environment) -> Node | None:
    if len(nodes) < 2:
        return nodes[0] if nodes else None
    fitting = [node for node in nodes if edge.version is None or node.pin.version == edge.version]
    here = [node for node in fitting if _is_here(node, environment)] or fitting
    return next((node for node in here if _accepts(edge.specifier, node.pin.version)), here[0] if here else None)


def _is_here(node: Node, environment: Environment) -> bool:
    return not node.markers or any(applies(marker, environment) for marker in node.markers)


def _accepts(specifier: str, version: str | None) -> bool:
    try:
        return version is None or SpecifierSet(specifier).contains(version, prereleases=True)
    except ValueError:
        return True
