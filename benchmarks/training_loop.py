"""How long does an epoch of `course_lib.training.train` take beside a plain loop of torch?

Both train the same network on the same random images, with Adam, and validate. What `train` adds is
the difference: random changes that repeat, weights of batches, gathering, the best weights. On a
GPU, bfloat16 with channels_last is compared with float32 as well.
"""

from functools import partial

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from course_lib import models
from course_lib.devices import find_device
from course_lib.training import train
from measuring import Claim, compare, main

NAMES = ("small", "resnet18", "densenet121")
BATCH = 16


def network(name: str) -> nn.Module:
    """Build a network for gray images of 64 pixels and two classes."""
    torch.manual_seed(0)
    if name == "small":
        return nn.Sequential(
            nn.Conv2d(1, 6, 5), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh(),
            nn.AvgPool2d(2), nn.Flatten(), nn.Linear(16 * 13 * 13, 84), nn.Tanh(), nn.Linear(84, 2),
        )  # fmt: skip
    built: nn.Module = getattr(models, name)(2, in_channels=1)
    return built


def films(count: int) -> TensorDataset:
    """Return random images with labels 0 and 1."""
    images = torch.rand(count, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    return TensorDataset(images, torch.arange(count) % 2)


def plain(model: nn.Module, data: TensorDataset) -> float:
    """Run one epoch of the loop that every tutorial shows; return the loss of the validation."""
    device = find_device()
    model.to(device)
    adam = torch.optim.Adam(model.parameters())
    on_gpu = device.type == "cuda"
    model.train()
    for images, labels in DataLoader(data, BATCH, shuffle=True, pin_memory=on_gpu):
        loss = nn.functional.cross_entropy(model(images.to(device)), labels.to(device))
        adam.zero_grad()
        loss.backward()
        adam.step()
    model.eval()
    total = 0.0
    with torch.no_grad():
        for images, labels in DataLoader(data, BATCH, pin_memory=on_gpu):
            loss = nn.functional.cross_entropy(model(images.to(device)), labels.to(device))
            total += loss.item() * len(images)
    return total / len(data)


def ours(model: nn.Module, data: TensorDataset, *, fast: bool = False) -> float:
    """Do the same with `train`; `fast` is bfloat16 with channels_last."""
    history = train(
        model, data, data, loss=nn.functional.cross_entropy, epochs=1, batch_size=BATCH,
        precision="bf16" if fast else "float32", channels_last=fast, progress=False,
    )  # fmt: skip
    return history.best["valid_loss"]


def epoch(small: bool) -> Claim:
    """Measure `train` beside a plain loop."""
    data = films(32 if small else 128)
    cases = []
    for name in NAMES[:1] if small else NAMES:
        one, two = network(name), network(name)
        whole = films(BATCH)  # one step, so that the order of the images is no matter
        losses = ours(one, whole), plain(two, whole)
        assert abs(losses[0] - losses[1]) < 1e-3, losses
        mine, peer = partial(ours, one, data), partial(plain, two, data)
        cases.append(compare(name, mine, peer, 1 if small else 3))
    return Claim(
        title="An epoch of training",
        means="Our loop for many GPUs with checkpoints and metrics, here on one device, beside the "
        "plain loop of a tutorial. Near 1 is what we are after; small networks pay for the rest.",
        size=f"{len(data)} images of 64 × 64, in batches of {BATCH}",
        ours="course_lib",
        peer="torch",
        bar=None,
        cases=cases,
        device=find_device().type,
    )


def half_precision(small: bool) -> Claim:
    """Measure bfloat16 with channels_last beside float32; worth something on a GPU."""
    data = films(32 if small else 128)
    cases = []
    for name in NAMES[:1] if small else NAMES[1:]:
        one, two = network(name), network(name)
        whole = films(BATCH)
        losses = ours(one, whole, fast=True), ours(two, whole)
        assert abs(losses[0] - losses[1]) < 0.05, losses
        mine, peer = partial(ours, one, data, fast=True), partial(ours, two, data)
        cases.append(compare(name, mine, peer, 1 if small else 3))
    return Claim(
        title="An epoch in bfloat16 with channels_last",
        means="Beside float32, both by our loop. Made for GPUs; a CPU that lacks instructions for "
        "bfloat16 is slower with it.",
        size=f"{len(data)} images of 64 × 64, in batches of {BATCH}",
        ours="bfloat16",
        peer="float32",
        bar=None,
        cases=cases,
        device=find_device().type,
    )


CLAIMS = (epoch, half_precision)

if __name__ == "__main__":
    main(*CLAIMS)
