"""Write `convolution_lab.json.gz`: what torch computes for 2,000 settings of the convolution lab.

A setting is [input size, kernel size, padding, stride, dilation, flip]; its output is null where
torch refuses. After a change of the lab's numbers: `python tests/golden/make_convolution_lab.py`.
"""

import gzip
import json
import random
from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import conv2d

from course_lib.widgets.convolution_lab import LIMITS, make_input, make_kernel

PATH = Path(__file__).with_name("convolution_lab.json.gz")


def compute() -> dict[str, Any]:
    """Draw the settings and let torch compute the outputs."""
    rng = random.Random(0)
    every = [rng.randint(low, high) for _ in range(2000) for low, high in LIMITS.values()]
    settings = [[*every[i : i + 5], rng.randrange(2)] for i in range(0, len(every), 5)]
    return {"settings": settings, "outputs": [_output(*setting) for setting in settings]}


def _output(
    input_size: int, kernel_size: int, padding: int, stride: int, dilation: int, flip: int
) -> list[list[int]] | None:
    image = torch.tensor(make_input(input_size), dtype=torch.float64)
    kernel = torch.tensor(make_kernel(kernel_size), dtype=torch.float64)
    if flip:
        kernel = kernel.flip(0, 1)
    try:
        result = conv2d(
            image[None, None],
            kernel[None, None],
            padding=padding,
            stride=stride,
            dilation=dilation,
        )
    except RuntimeError:
        return None
    rows: list[list[int]] = result[0, 0].to(torch.int64).tolist()
    return rows


if __name__ == "__main__":
    text = json.dumps(compute(), separators=(",", ":")).encode()
    with open(PATH, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as archive:
        archive.write(text)
