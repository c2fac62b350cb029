"""How fast is a training step of our models beside torchvision's?

Both have the same weights and do the same step (forward, backward, SGD) in one run; the rounds take
turns, so that a busy moment hits both. On a GPU where there is one, with the clock of the GPU.
"""

import argparse
import copy
import inspect
import statistics
import time

import torch
import torchvision
from torch import nn

from course_lib import models
from course_lib.devices import describe_device, find_device

NAMES = (
    "alexnet",
    "vgg11",
    "vgg11_bn",
    "googlenet",
    "inception_v3",
    "resnet18",
    "resnet50",
    "densenet121",
)


def twins(name: str, classes: int) -> tuple[nn.Module, nn.Module]:
    """Build our network and torchvision's with the same weights, without auxiliary heads."""
    build = getattr(models, name.removesuffix("_bn"))
    accepted = inspect.signature(build).parameters
    keywords = {"aux_logits": False} if "aux_logits" in accepted else {}
    theirs = getattr(torchvision.models, name)(
        num_classes=classes, **keywords, **({"init_weights": False} if keywords else {})
    )
    ours = build(classes, **keywords, **({"batch_norm": True} if name.endswith("_bn") else {}))
    ours.load_state_dict(theirs.state_dict(), strict=True)
    return ours, theirs


def seconds(model: nn.Module, images: torch.Tensor, steps: int) -> float:
    """Time `steps` training steps; a GPU is waited for before and after."""
    sgd = torch.optim.SGD(model.parameters(), lr=1e-4, momentum=0.9)
    labels = torch.zeros(len(images), dtype=torch.long, device=images.device)

    def wait() -> None:
        if images.is_cuda:
            torch.cuda.synchronize()

    wait()
    start = time.perf_counter()
    for _ in range(steps):
        loss = nn.functional.cross_entropy(model(images), labels)
        sgd.zero_grad()
        loss.backward()
        sgd.step()
    wait()
    return time.perf_counter() - start


def main() -> None:
    """Time each pair in turns, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=NAMES, help="networks (all)")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--size", type=int, default=128, help="of the images in pixels")
    parser.add_argument("--steps", type=int, default=2, help="in one round")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()

    device = find_device()
    print(f"{describe_device()}, torch {torch.__version__}, torchvision {torchvision.__version__},")
    print(
        f"{torch.get_num_threads()} threads, batch {options.batch}, {options.size} pixels, median"
    )
    print(f"of {options.rounds} rounds of {options.steps} steps that take turns\n")
    print(f"{'':14}{'ours, ms':>10}{'theirs, ms':>12}{'ours / theirs':>15}")
    for name in options.names:
        pair = [model.to(device).train() for model in twins(name, 10)]
        images = torch.rand(options.batch, 3, options.size, options.size, device=device)
        for model in pair:
            seconds(copy.deepcopy(model), images, 1)
        times: tuple[list[float], list[float]] = ([], [])
        for turn in range(options.rounds):
            order = (0, 1) if turn % 2 else (1, 0)
            for which in order:
                times[which].append(seconds(pair[which], images, options.steps) / options.steps)
        ratio = statistics.median(a / b for a, b in zip(*times, strict=True))
        ours, theirs = (statistics.median(each) * 1000 for each in times)
        print(f"{name:14}{ours:10.1f}{theirs:12.1f}{ratio:15.3f}")


if __name__ == "__main__":
    main()
