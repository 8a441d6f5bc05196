"""Fits a small network to a sine on every GPU of the job, with gradients averaged over all of them.

torchrun sets RANK, LOCAL_RANK and WORLD_SIZE. The checkpoint is written by the first process, as a whole or not at all.
"""

import argparse
import os
from pathlib import Path

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--checkpoint", type=Path, default=Path("checkpoint.pt"))
    options = parser.parse_args()

    torch.distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    try:
        train(options.epochs, options.checkpoint, torch.distributed.get_rank())
    finally:
        torch.distributed.destroy_process_group()


def train(epochs: int, checkpoint: Path, rank: int) -> None:
    torch.manual_seed(rank)
    device = device_of(int(os.environ["LOCAL_RANK"]))
    inputs = torch.rand(4096, 1) * 6.3
    dataset = TensorDataset(inputs, inputs.sin())
    sampler = DistributedSampler(dataset)
    model = DistributedDataParallel(network().to(device))
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for epoch in range(epochs):
        sampler.set_epoch(epoch)  # another order in each epoch, the same for all processes
        for features, targets in DataLoader(dataset, batch_size=64, sampler=sampler):
            loss = nn.functional.mse_loss(model(features.to(device)), targets.to(device))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if rank == 0:
            print(f"epoch {epoch + 1}/{epochs}  loss {loss.item():.4f}", flush=True)
            save(model.module, checkpoint)


def network() -> nn.Module:
    return nn.Sequential(nn.Linear(1, 64), nn.Tanh(), nn.Linear(64, 1))


def device_of(local_rank: int) -> torch.device:
    if not torch.cuda.is_available():
        return torch.device("cpu")
    torch.cuda.set_device(local_rank)
    return torch.device("cuda", local_rank)


def save(model: nn.Module, checkpoint: Path) -> None:
    part = checkpoint.with_suffix(".part")
    torch.save(model.state_dict(), part)
    part.replace(checkpoint)


if __name__ == "__main__":
    main()
