"""Fits a line on every GPU of the job; the batch is spread over all devices, and jit averages the gradients.

On several nodes a project on JAX has JAX_COORDINATOR_ADDRESS, NNODES and NODE_RANK.
"""

import argparse
import os

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=200)
    options = parser.parse_args()
    if "JAX_COORDINATOR_ADDRESS" in os.environ:
        jax.distributed.initialize(num_processes=int(os.environ["NNODES"]), process_id=int(os.environ["NODE_RANK"]))
    print(f"process {jax.process_index()} of {jax.process_count()}, {jax.device_count()} devices", flush=True)

    spread = NamedSharding(Mesh(np.array(jax.devices()), ("batch",)), PartitionSpec("batch"))
    key = jax.random.key(0)
    size = 128 * jax.device_count()
    inputs = np.asarray(jax.random.uniform(key, (size,)))
    batch = jax.make_array_from_callback((size,), spread, lambda index: inputs[index])
    weights = jnp.zeros(2)
    for step in range(1, options.steps + 1):
        loss, weights = learn(weights, batch)
        if step % 50 == 0 and jax.process_index() == 0:
            print(f"step {step}/{options.steps}  loss {loss:.6f}", flush=True)


@jax.jit
def learn(weights: jax.Array, inputs: jax.Array) -> tuple[jax.Array, jax.Array]:
    """One step towards y = 3x + 1; the mean is over the whole batch, wherever it lies."""

    def loss_of(weights: jax.Array) -> jax.Array:
        return jnp.mean((weights[0] * inputs + weights[1] - (3 * inputs + 1)) ** 2)

    loss, slope = jax.value_and_grad(loss_of)(weights)
    return loss, weights - 0.5 * slope


if __name__ == "__main__":
    main()
