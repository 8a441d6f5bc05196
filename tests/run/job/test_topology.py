from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chamber.core.errors import ConfigurationError
from chamber.run.job.topology import MOST_GPUS_PER_NODE, Topology, of

numbers = st.none() | st.integers(1, 300)


@pytest.mark.parametrize(
    ("asked", "shape"),
    [
        ({}, (1, 1)),
        ({"gpus": 1}, (1, 1)),
        ({"gpus": 8}, (1, 8)),
        ({"gpus": 12}, (2, 6)),
        ({"gpus": 16}, (2, 8)),
        ({"gpus": 32}, (4, 8)),
        ({"gpus": 8, "node_size": 4}, (2, 4)),
        ({"nodes": 1}, (1, 8)),
        ({"nodes": 2}, (2, 8)),
        ({"nodes": 2, "node_size": 4}, (2, 4)),
        ({"gpus_per_node": 4}, (1, 4)),
        ({"nodes": 3, "gpus_per_node": 4}, (3, 4)),
        ({"gpus": 12, "nodes": 3, "gpus_per_node": 4}, (3, 4)),
        ({"gpus": 2, "nodes": 2}, (2, 1)),
        ({"gpus": 11, "nodes": 11}, (11, 1)),
        ({"gpus": 32, "gpus_per_node": 16}, (2, 16)),
    ],
)
def test_gpus_go_on_as_few_nodes_as_they_need(asked: dict[str, Any], shape: tuple[int, int]) -> None:
    assert of(**asked) == Topology(*shape)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"gpus": 11}, "ask for 10 or 12, or set nodes=11 (1 on each)"),
        ({"gpus": 9}, "ask for 8 or 10, or set nodes=3 (3 on each)"),
        ({"gpus": 10, "nodes": 4}, "do not divide evenly among nodes=4: ask for 8 or 12"),
        ({"gpus": 1, "nodes": 2}, "do not divide evenly among nodes=2: ask for 2"),
        ({"gpus": 32, "nodes": 2}, "are 16 for each, and a node has 8: set nodes=4 or more, or gpus_per_node=16"),
        ({"gpus": 10, "gpus_per_node": 4}, "do not fill nodes of gpus_per_node=4: ask for 8 or 12"),
        ({"gpus": 10, "nodes": 3, "gpus_per_node": 4}, "nodes=3 of gpus_per_node=4 have 12 GPUs, and gpus=10"),
        ({"gpus_per_node": 17}, "more than 16"),
        ({"gpus": 800_000}, "at most 9999"),
    ],
)
def test_what_does_not_fit_together_is_refused_with_the_sum(asked: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        of(**asked)
    assert told in str(refused.value)


@given(numbers, numbers, numbers, st.sampled_from([1, 4, 8]))
def test_a_shape_is_what_was_asked_for_and_stays_what_it_is(
    gpus: int | None, nodes: int | None, per_node: int | None, node_size: int
) -> None:
    try:
        shape = of(gpus, nodes, per_node, node_size=node_size)
    except ConfigurationError:
        return
    assert shape.gpus == (gpus or shape.gpus)
    assert shape.nodes == (nodes or shape.nodes)
    assert shape.gpus_per_node <= (per_node or node_size) <= max(node_size, MOST_GPUS_PER_NODE)
    assert of(shape.gpus, shape.nodes, shape.gpus_per_node) == shape


@given(st.integers(1, 2000))
def test_what_is_proposed_is_taken(gpus: int) -> None:
    try:
        of(gpus)
    except ConfigurationError as refused:
        proposed = [int(word) for word in str(refused).partition("ask for ")[2].partition(",")[0].split(" or ")]
        assert [of(number).gpus for number in proposed] == proposed


def test_the_submission_places_all_pods_or_none() -> None:
    assert of(4).submission() == {"requested_pods": 1, "gpus_per_pod": 4, "scaling_mode": "GANG"}
    assert of(16).submission() == {
        "requested_pods": 2,
        "gpus_per_pod": 8,
        "scaling_mode": "GANG",
        "distribution_mode": "auto",
    }
