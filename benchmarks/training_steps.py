"""How fast is a training step of our models beside torchvision's? On a GPU where there is one.

Both have the same weights and do the same step: forward, backward, SGD.
"""

import inspect
from collections.abc import Callable

import torch
import torchvision
from torch import nn

from course_lib import models
from course_lib.devices import find_device
from measuring import Claim, compare, main

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


def step(model: nn.Module, images: torch.Tensor) -> Callable[[], None]:
    """Return one training step of SGD."""
    sgd = torch.optim.SGD(model.parameters(), lr=1e-4, momentum=0.9)
    labels = torch.zeros(len(images), dtype=torch.long, device=images.device)

    def once() -> None:
        loss = nn.functional.cross_entropy(model(images), labels)
        sgd.zero_grad()
        loss.backward()
        sgd.step()

    return once


def training(small: bool) -> Claim:
    """Measure each network beside its twin."""
    device = find_device()
    batch, size = (2, 64) if small else (4, 96)
    cases = []
    for name in ("resnet18",) if small else NAMES:
        pair = [model.to(device).eval() for model in twins(name, 10)]
        images = torch.rand(batch, 3, size, size, device=device)
        with torch.no_grad():
            torch.testing.assert_close(*(model(images) for model in pair), rtol=1e-4, atol=1e-4)
        ours, theirs = (step(model.train(), images) for model in pair)
        cases.append(compare(name, ours, theirs, 1 if small else 5))
    return Claim(
        title="A training step of our networks",
        means="Forward, backward and one step of SGD, with the same weights. Ours are written to "
        "be read and are the same arithmetic: a ratio near 1 is what we are after.",
        size=f"{batch} images of {size} × {size} pixels",
        ours="course_lib",
        peer="torchvision",
        bar=None,
        cases=cases,
        device=device.type,
    )


CLAIMS = (training,)

if __name__ == "__main__":
    main(*CLAIMS)
