"""How long does an epoch of `course_lib.training.train` take beside a plain loop of torch?

Both train the same network on the same random images, with Adam, and validate; the rounds take
turns, so that a busy moment hits both. What `train` adds is the difference: random changes that
repeat, weights of batches, gathering, the best weights. On a GPU, bfloat16 with channels_last is
timed against float32 as well.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from course_lib import models
from course_lib.devices import describe_device, find_device
from course_lib.training import train

NAMES = ("small", "resnet18", "densenet121")


def network(name: str) -> nn.Module:
    """Build a network for gray images of 64 pixels and two classes."""
    if name == "small":
        return nn.Sequential(
            nn.Conv2d(1, 6, 5), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh(),
            nn.AvgPool2d(2), nn.Flatten(), nn.LazyLinear(84), nn.Tanh(), nn.Linear(84, 2),
        )  # fmt: skip
    built = getattr(models, name)(2)
    gray: nn.Module = nn.Sequential(nn.Conv2d(1, 3, 1), built)
    return gray


def plain(model: nn.Module, films: TensorDataset, batch: int) -> float:
    """Time one epoch of the loop that every tutorial shows, and the validation after it."""
    device = find_device()
    model.to(device)
    adam = torch.optim.Adam(model.parameters())
    start = time.perf_counter()
    model.train()
    for images, labels in DataLoader(films, batch, shuffle=True, pin_memory=device.type == "cuda"):
        loss = nn.functional.cross_entropy(model(images.to(device)), labels.to(device))
        adam.zero_grad()
        loss.backward()
        adam.step()
    model.eval()
    with torch.no_grad():
        for images, labels in DataLoader(films, batch):
            loss = nn.functional.cross_entropy(model(images.to(device)), labels.to(device))
    loss.item()  # a GPU is waited for
    return time.perf_counter() - start


def ours(model: nn.Module, films: TensorDataset, batch: int, fast: bool = False) -> float:
    """Time the same with `train`; `fast` is bfloat16 with channels_last."""
    start = time.perf_counter()
    train(
        model, films, films, loss=nn.functional.cross_entropy, epochs=1, batch_size=batch,
        precision="bf16" if fast else "float32", channels_last=fast, progress=False,
    )  # fmt: skip
    return time.perf_counter() - start


def main() -> None:
    """Time each network, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=NAMES, help="networks (all)")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--films", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()

    torch.manual_seed(0)
    images = torch.rand(options.films, 1, 64, 64)
    films = TensorDataset(images, torch.arange(options.films) % 2)
    ways: list[Callable[[nn.Module, TensorDataset, int], float]] = [plain, ours]
    if find_device().type == "cuda":
        ways.append(lambda model, films, batch: ours(model, films, batch, fast=True))
    print(f"{describe_device()}, torch {torch.__version__}, {torch.get_num_threads()} threads,")
    print(f"{options.films} films, batch {options.batch}, median of {options.rounds} rounds\n")
    print(f"{'':14}{'plain, s':>10}{'train, s':>10}{'ratio':>8}{'bf16 / float32':>18}")
    for name in options.names:
        model = network(name)
        for way in ways:
            way(model, films, options.batch)  # warm
        turns = [[way(model, films, options.batch) for way in ways] for _ in range(options.rounds)]
        columns = [statistics.median(column) for column in zip(*turns, strict=True)]
        ratio = statistics.median(turn[1] / turn[0] for turn in turns)
        fast = f"{columns[2] / columns[1]:.2f}" if len(columns) > 2 else "no GPU"
        print(f"{name:14}{columns[0]:10.2f}{columns[1]:10.2f}{ratio:8.2f}{fast:>18}")


if __name__ == "__main__":
    main()
