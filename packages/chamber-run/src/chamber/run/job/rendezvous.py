"""How the pods of a job find each other: by the pod index and the name of the first pod.

The pods of an Indexed Job have the host name ``<job>-<index>``, which resolves as ``<job>-<index>.<service>`` through
a headless Service (kubernetes.io: "Job with Pod-to-Pod Communication"). Kubernetes puts the values of environment
variables in the place of ``$(NAME)`` in a command, so no shell is needed.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chamber.run.job.topology import Topology
    from chamber.run.project.profile import Framework

__all__ = ["ADDRESS", "INDEX", "PORT", "PORT_NUMBER", "RANK_ZERO", "environment", "host", "literal"]

#: The port that torch's rendezvous has by default.
PORT_NUMBER = 29500
#: References to the environment variables that each pod of several has.
INDEX = "$(JOB_COMPLETION_INDEX)"
ADDRESS = "$(MASTER_ADDR)"
PORT = "$(MASTER_PORT)"
RANK_ZERO = f"{ADDRESS}:{PORT}"

#: TensorFlow's servers, one on each node (the port of TensorFlow's documentation for TF_CONFIG).
_TENSORFLOW_PORT = 12345


def literal(text: str) -> str:
    """`text` as a command or an environment variable of a manifest has it, so that it reaches the process unchanged.

    ``$$`` stands for ``$``, and ``$(NAME)`` for a variable's value (Kubernetes API reference: Container).
    """
    return text.replace("$", "$$") if "$(" in text or "$$" in text else text


def host(job: str, index: int) -> str:
    """The name under which the other pods find one."""
    return f"{job}-{index}.{job}"


def environment(job: str, topology: Topology, framework: Framework) -> dict[str, str]:
    """What every pod of several is told, in the names that are common; the values refer to the pod's index."""
    if topology.nodes == 1:
        return {}
    common = {
        "MASTER_ADDR": host(job, 0),
        "MASTER_PORT": str(PORT_NUMBER),
        "NNODES": str(topology.nodes),
        "NODE_RANK": INDEX,
    }
    return common | _of_framework(job, topology, framework)


def _of_framework(job: str, topology: Topology, framework: Framework) -> dict[str, str]:
    """What JAX (``jax.distributed.initialize``) and TensorFlow (``TF_CONFIG``) read by themselves."""
    if framework == "jax":
        return {"JAX_COORDINATOR_ADDRESS": RANK_ZERO}
    if framework == "tensorflow":
        workers = [f"{host(job, index)}:{_TENSORFLOW_PORT}" for index in range(topology.nodes)]
        task = json.dumps({"cluster": {"worker": workers}, "task": {"type": "worker", "index": INDEX}})
        return {"TF_CONFIG": task.replace(f'"{INDEX}"', INDEX)}
    return {}
