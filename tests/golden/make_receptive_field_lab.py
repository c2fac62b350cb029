"""Write `receptive_field_lab.json.gz`: what torch says about 400 random stacks of the lab.

For a stack of [kind, kernel, stride, padding, dilation]: the sizes of its maps on 64 pixels, up to
the layer that torch refuses; the pixels that have a gradient for some output; and field, jump and
start, read off the gradients of two neighboring outputs in the middle of a long input (null where
the stack does not fit on 64 pixels). After a change of the lab's numbers:
`python tests/golden/make_receptive_field_lab.py`.
"""

import gzip
import json
import random
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import conv1d, max_pool1d

from course_lib.widgets.receptive_field_lab import LIMITS, MOST_LAYERS, PRESETS, SIZE

PATH = Path(__file__).with_name("receptive_field_lab.json.gz")
LONG = 6000
Stack = list[list[Any]]


def compute() -> dict[str, Any]:
    """Draw the stacks and let torch measure them."""
    rng = random.Random(0)
    stacks: list[Stack] = [[list(layer) for layer in stack] for _, stack in PRESETS]
    while len(stacks) < 400:
        small = rng.random() < 0.7  # most stacks should fit
        stacks.append([_layer(rng, small) for _ in range(rng.randint(1, MOST_LAYERS))])
    return {"stacks": stacks, "measured": [_measure(stack, rng) for stack in stacks]}


def _layer(rng: random.Random, small: bool) -> list[Any]:
    kind = rng.choice(["conv", "conv", "pool"])
    kernel, stride, padding, dilation = (
        rng.randint(low, min(high, low + 3 if small else high)) for low, high in LIMITS.values()
    )
    return [kind, kernel, rng.choice([1, stride]), padding, rng.choice([1, dilation])]


def _apply(layer: list[Any], values: Tensor) -> Tensor:
    """Apply one layer of ones; pooling is tried for whether torch takes it."""
    kind, kernel, stride, padding, dilation = layer
    if kind == "pool":
        max_pool1d(values.detach(), kernel, stride, padding, dilation)
    ones = torch.ones(1, 1, kernel, dtype=torch.float64) / kernel
    return conv1d(values, ones, stride=stride, padding=padding, dilation=dilation)


def _run(stack: Stack, size: int) -> tuple[Tensor, list[Tensor]]:
    """Return the input and the maps, up to the layer that torch refuses."""
    image = torch.ones(1, 1, size, dtype=torch.float64, requires_grad=True)
    maps = [image]
    for layer in stack:
        try:
            maps.append(_apply(layer, maps[-1]))
        except RuntimeError:
            break
    return image, maps


def _pixels(image: Tensor, output: Tensor, position: int) -> list[int]:
    """List the pixels that have a gradient for one output; weights are positive, none cancels."""
    (gradient,) = torch.autograd.grad(output[0, 0, position], image, retain_graph=True)
    found: list[int] = gradient[0, 0].nonzero().flatten().tolist()
    return found


def _measure(stack: Stack, rng: random.Random) -> dict[str, Any]:
    image, maps = _run(stack, SIZE)
    sizes = [output.shape[-1] for output in maps]
    if len(maps) <= len(stack):
        return {"sizes": sizes, "position": None, "pixels": None, "field": None}
    position = rng.randrange(sizes[-1])
    pixels = _pixels(image, maps[-1], position)
    image, maps = _run(stack, LONG)
    middle = maps[-1].shape[-1] // 2
    here, neighbor = (_pixels(image, maps[-1], middle + step) for step in (0, 1))
    inside = here and neighbor and here[0] > 0 and neighbor[-1] < LONG - 1
    jump = neighbor[0] - here[0] if inside else 0
    field = [here[-1] - here[0] + 1, jump, here[0] - middle * jump] if inside else None
    return {"sizes": sizes, "position": position, "pixels": pixels, "field": field}


if __name__ == "__main__":
    text = json.dumps(compute(), separators=(",", ":")).encode()
    with open(PATH, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as archive:
        archive.write(text)
