"""Train a network on images that fit into memory, and measure how often it is right.

The loop of every small experiment of the chapters. N images, K classes.
"""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.lr_scheduler import LRScheduler

from course_lib._checks import whole_number


def fit(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    optimizer: torch.optim.Optimizer,
    *,
    epochs: int,
    batch_size: int,
    generator: torch.Generator,
    schedule: LRScheduler | None = None,
    augment: Callable[[Tensor], Tensor] | None = None,
    loss: Callable[[Any, Tensor], Tensor] = F.cross_entropy,
) -> Tensor:
    """Train `model` in place, in train mode, and return the loss of every step.

    `(N, ...), (N,) -> (steps,)`

    >>> line = nn.Linear(2, 2)
    >>> sgd = torch.optim.SGD(line.parameters(), lr=0.1)
    >>> images, labels = torch.eye(2), torch.tensor([0, 1])
    >>> losses = fit(line, images, labels, sgd, epochs=9, batch_size=2,
    ...              generator=torch.Generator().manual_seed(0))
    >>> losses.shape, bool(losses[-1] < losses[0])
    (torch.Size([9]), True)

    Args:
        model: On the device where it is to be trained; `images` and `labels` are moved there.
        images: All of them.
        labels: Classes, or whatever `loss` wants.
        optimizer: Made for the parameters of `model`.
        epochs: How often every image is seen, at least 1.
        batch_size: Images for one step; the rest of an epoch that fills no batch is left out, if
            there is one full batch.
        generator: On the CPU. Draws the order of the images, and nothing else.
        schedule: Stepped after every step, not after every epoch.
        augment: Changes a batch of images on its device.
        loss: From the output of `model` and a batch of labels to one number.

    Returns:
        The losses, float32 on the CPU; read once, at the end, so that a GPU need not wait.

    Raises:
        ValueError: If `images` and `labels` differ in number, or there are none.
        FloatingPointError: If the last loss is not a finite number: the learning rate is too high.

    Used in the chapters of Part III, for the first time in LeNet-5 (book/08_lenet.md).
    """
    if len(images) != len(labels) or not len(images):
        raise ValueError(
            f"`labels` must be as many as `images`, and at least 1, got {len(labels)} labels and "
            f"{len(images)} images"
        )
    epochs, batch_size = whole_number("epochs", epochs), whole_number("batch_size", batch_size)
    device = next(model.parameters()).device
    images, labels = images.to(device), labels.to(device)
    batch_size = min(batch_size, len(images))
    losses = []
    model.train()
    for _ in range(epochs):
        order = torch.randperm(len(images), generator=generator).to(device)
        for batch in order[: len(order) // batch_size * batch_size].view(-1, batch_size):
            inputs = augment(images[batch]) if augment else images[batch]
            value = loss(model(inputs), labels[batch])
            optimizer.zero_grad()
            value.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            if schedule:
                schedule.step()
            losses.append(value.detach())
    result = torch.stack(losses).float().cpu()
    if not result[-1].isfinite():
        raise FloatingPointError(f"the loss became {result[-1].item()}; lower the learning rate")
    return result


def fit_one_cycle(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    optimizer: torch.optim.Optimizer,
    *,
    epochs: int,
    batch_size: int,
    seed: int,
    augment: Callable[[Tensor], Tensor] | None = None,
    loss: Callable[[Any, Tensor], Tensor] = F.cross_entropy,
) -> Tensor:
    """Call `fit` with a learning rate that rises to that of `optimizer`, and falls to nearly 0.

    >>> line = nn.Linear(2, 2)
    >>> sgd = torch.optim.SGD(line.parameters(), lr=0.1)
    >>> losses = fit_one_cycle(line, torch.eye(2), torch.tensor([0, 1]), sgd,
    ...                        epochs=9, batch_size=2, seed=0)
    >>> losses.shape
    torch.Size([9])

    Args:
        seed: Of the order of the images.
        model, images, labels, optimizer, epochs, batch_size, augment, loss: As for `fit`.

    Smith and Topin, "Super-convergence: very fast training of neural networks using large learning
    rates" (2017), in torch's `OneCycleLR`.
    """
    epochs, batch_size = whole_number("epochs", epochs), whole_number("batch_size", batch_size)
    steps = epochs * max(1, len(images) // batch_size)
    highest = [group["lr"] for group in optimizer.param_groups]
    return fit(
        model, images, labels, optimizer, epochs=epochs, batch_size=batch_size, loss=loss,
        generator=torch.Generator().manual_seed(seed), augment=augment,
        schedule=torch.optim.lr_scheduler.OneCycleLR(optimizer, highest, total_steps=steps),
    )  # fmt: skip


@torch.no_grad()
def predict(model: nn.Module, images: Tensor, *, batch_size: int = 256) -> Tensor:
    """Return what `model` says of all `images`, in eval mode, on the CPU.

    `(N, ...) -> (N, K)`

    >>> predict(nn.Linear(2, 3), torch.zeros(5, 2)).shape
    torch.Size([5, 3])

    Args:
        model: Its mode is as before afterwards.
        images: On any device, at least one.
        batch_size: Images at a time, at least 1.

    Raises:
        ValueError: If there are no images.

    Used in the chapter LeNet-5 (book/08_lenet.md).
    """
    if not len(images):
        raise ValueError("`images` must be at least one, got none")
    mode = model.training
    device = next((p.device for p in model.parameters()), images.device)
    model.eval()
    parts = torch.split(images, whole_number("batch_size", batch_size))
    outputs = torch.cat([model(part.to(device)).cpu() for part in parts])
    model.train(mode)
    return outputs


def accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Return the share of `images` whose highest logit is that of their label.

    >>> accuracy(nn.Identity(), torch.eye(2), torch.tensor([0, 0]))
    0.5

    Used in the chapter LeNet-5 (book/08_lenet.md).
    """
    return (predict(model, images).argmax(dim=1) == labels.cpu()).double().mean().item()
