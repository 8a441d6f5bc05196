"""Fits a small network with ZeRO: the state of the optimizer is spread over the GPUs. What is tuned is in ds.json."""

import argparse

import deepspeed
import torch
from torch import nn

STEPS = 300


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--local_rank", type=int, default=-1, help="given by the launcher")
    parser = deepspeed.add_config_arguments(parser)
    options = parser.parse_args()

    model = nn.Sequential(nn.Linear(16, 256), nn.GELU(), nn.Linear(256, 1))
    engine, _, _, _ = deepspeed.initialize(args=options, model=model, model_parameters=model.parameters())
    wanted = next(engine.parameters()).dtype
    for step in range(1, STEPS + 1):
        inputs = torch.randn(engine.train_micro_batch_size_per_gpu(), 16, device=engine.device, dtype=wanted)
        loss = nn.functional.mse_loss(engine(inputs), inputs.sum(1, keepdim=True))
        engine.backward(loss)
        engine.step()
        if step % 100 == 0 and engine.global_rank == 0:
            print(f"step {step}/{STEPS}  loss {loss.item():.4f}", flush=True)


if __name__ == "__main__":
    main()
