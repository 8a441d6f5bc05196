import json

from hypothesis import given
from hypothesis import strategies as st

from chamber.run.job.rendezvous import environment, literal
from chamber.run.job.topology import Topology


def _expanded(text: str, variables: dict[str, str]) -> str:
    """What Kubernetes makes of a text (its package third_party/forked/golang/expansion), as a machine of states."""
    out, rest = "", text
    while rest:
        before, dollar, rest = rest.partition("$")
        out += before
        if rest.startswith("$"):
            out, rest = out + "$", rest[1:]
        elif rest.startswith("(") and ")" in rest:
            name, _, rest = rest[1:].partition(")")
            out += variables.get(name, f"$({name})")
        else:
            out += dollar
    return out


@given(st.text(st.sampled_from("$()Ax ")))
def test_a_literal_reaches_the_process_as_it_was(text: str) -> None:
    assert _expanded(literal(text), {"A": "value", "": "nothing", "x": "$(A)"}) == text


def test_what_kubernetes_leaves_alone_stays_readable() -> None:
    assert literal("$HOME costs 5$") == "$HOME costs 5$"
    assert literal("$(A)") == "$$(A)"


def test_one_pod_has_nobody_to_meet() -> None:
    assert environment("job", Topology(1, 8), "jax") == {}


def test_every_pod_is_told_of_the_first() -> None:
    assert environment("job", Topology(2, 8), "pytorch") == {
        "MASTER_ADDR": "job-0.job",
        "MASTER_PORT": "29500",
        "NNODES": "2",
        "NODE_RANK": "$(JOB_COMPLETION_INDEX)",
    }
    assert environment("job", Topology(2, 8), "jax")["JAX_COORDINATOR_ADDRESS"] == "$(MASTER_ADDR):$(MASTER_PORT)"


def test_tensorflow_is_told_of_all_workers() -> None:
    config = environment("job", Topology(2, 8), "tensorflow")["TF_CONFIG"]
    told = json.loads(_expanded(config, {"JOB_COMPLETION_INDEX": "1"}))
    assert told == {
        "cluster": {"worker": ["job-0.job:12345", "job-1.job:12345"]},
        "task": {"type": "worker", "index": 1},
    }
