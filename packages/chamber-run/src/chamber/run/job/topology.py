"""How many pods a job has, and how many GPUs each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from chamber.core.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MOST_GPUS_PER_NODE", "Topology", "of"]

#: What the largest nodes have that can be rented; only `gpus_per_node` asks for more than the table has.
MOST_GPUS_PER_NODE = 16
#: A pod's name ends in its index, for which the Job's name leaves four digits.
_MOST_NODES = 9999


class Topology(Struct, frozen=True):
    """The shape of a job: one pod on each of its nodes, each with the same number of GPUs."""

    nodes: int
    gpus_per_node: int

    @property
    def gpus(self) -> int:
        """The GPUs of all nodes."""
        return self.nodes * self.gpus_per_node

    def __str__(self) -> str:
        return f"{self.nodes} x {self.gpus_per_node}"

    def submission(self) -> dict[str, object]:
        """What `submit_job` is told of it; the pods are placed together, or none is."""
        pods: dict[str, object] = {
            "requested_pods": self.nodes,
            "gpus_per_pod": self.gpus_per_node,
            "scaling_mode": "GANG",
        }
        return pods | ({"distribution_mode": "auto"} if self.nodes > 1 else {})


def of(
    gpus: int | None = None, nodes: int | None = None, gpus_per_node: int | None = None, *, node_size: int = 8
) -> Topology:
    """The shape that was asked for; None stands for what was left out.

    `node_size` is the GPUs that a node of the GPU type has. GPUs alone go on as few nodes as they need, `nodes`
    alone are whole nodes, `gpus_per_node` alone is one node, and nothing at all is one GPU.

    Raises ConfigurationError: the numbers contradict each other, or do not divide evenly.
    """
    if gpus_per_node is not None and gpus_per_node > MOST_GPUS_PER_NODE:
        raise ConfigurationError(f"gpus_per_node={gpus_per_node} is more than {MOST_GPUS_PER_NODE}, as no node has")
    if gpus is None:
        shape = Topology(nodes or 1, gpus_per_node or (node_size if nodes else 1))
    elif gpus_per_node is not None:
        shape = _by_size(gpus, nodes, gpus_per_node)
    else:
        shape = _spread(gpus, nodes, node_size) if nodes else _packed(gpus, node_size)
    if shape.nodes > _MOST_NODES:
        raise ConfigurationError(f"{shape.gpus} GPUs take {shape.nodes} nodes, and at most {_MOST_NODES} are possible")
    return shape


def _by_size(gpus: int, nodes: int | None, size: int) -> Topology:
    if nodes is not None and nodes * size != gpus:
        raise ConfigurationError(
            f"nodes={nodes} of gpus_per_node={size} have {nodes * size} GPUs, and gpus={gpus} were asked for: "
            "leave one of the three out"
        )
    if gpus % size:
        raise ConfigurationError(
            f"gpus={gpus} do not fill nodes of gpus_per_node={size}: ask for {_or(_multiples(gpus, size))}"
        )
    return Topology(gpus // size, size)


def _spread(gpus: int, nodes: int, node_size: int) -> Topology:
    each, rest = divmod(gpus, nodes)
    if rest or not each:
        raise ConfigurationError(
            f"gpus={gpus} do not divide evenly among nodes={nodes}: ask for {_or(_multiples(gpus, nodes))}"
        )
    if each > node_size:
        raise ConfigurationError(
            f"gpus={gpus} on nodes={nodes} are {each} for each, and a node has {node_size}: "
            f"set nodes={_fewest(gpus, node_size)} or more, or gpus_per_node={each} where there are such nodes"
        )
    return Topology(nodes, each)


def _packed(gpus: int, node_size: int) -> Topology:
    nodes = _fewest(gpus, node_size)
    if gpus % nodes:
        other = next(n for n in range(nodes, gpus + 1) if gpus % n == 0)
        raise ConfigurationError(
            f"gpus={gpus} do not divide evenly among {nodes} nodes of at most {node_size}: "
            f"ask for {_or(_packable(gpus, node_size))}, or set nodes={other} ({gpus // other} on each)"
        )
    return Topology(nodes, gpus // nodes)


def _packable(gpus: int, node_size: int) -> Iterator[int]:
    """The next smaller and the next larger number of GPUs that fills its nodes evenly."""
    for numbers in (range(gpus, 0, -1), range(gpus, gpus + node_size + 1)):
        yield next(number for number in numbers if number % _fewest(number, node_size) == 0)


def _fewest(gpus: int, node_size: int) -> int:
    return -(-gpus // node_size)


def _multiples(gpus: int, step: int) -> Iterator[int]:
    """The next smaller and the next larger number that `step` divides."""
    below = gpus // step * step
    if below:
        yield below
    yield below + step


def _or(numbers: Iterator[int]) -> str:
    return " or ".join(map(str, numbers))
