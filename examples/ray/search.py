"""Tries learning rates side by side, one GPU for each, and says which was best.

`ray.init()` without an address finds the cluster that the job runs in.
"""

import random

import ray


@ray.remote(num_gpus=1)
def trial(rate: float) -> float:
    """The loss after some steps of gradient descent down a noisy bowl."""
    place, noise = 4.0, random.Random(7)
    for _ in range(200):
        place -= rate * (2 * place + noise.gauss(0, 0.1))
    return place * place


def main() -> None:
    ray.init()
    rates = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3]
    losses = dict(zip(rates, ray.get([trial.remote(rate) for rate in rates]), strict=True))
    for rate, loss in losses.items():
        print(f"rate {rate:<6}  loss {loss:.4f}")
    print("best:", min(losses, key=losses.__getitem__))


if __name__ == "__main__":
    main()
