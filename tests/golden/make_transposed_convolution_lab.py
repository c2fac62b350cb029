"""Write `transposed_convolution_lab.json.gz`: what torch computes for 2,000 settings of that lab.

A setting is [input size, kernel size, stride, padding, output padding, numbers]; its output is null
where torch refuses. Outputs are rounded to 6 decimals. After a change of the lab's numbers:
`python tests/golden/make_transposed_convolution_lab.py`.
"""

import gzip
import json
import random
from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import conv_transpose2d

from course_lib.widgets.transposed_convolution_lab import LIMITS, NUMBERS, make_numbers

PATH = Path(__file__).with_name("transposed_convolution_lab.json.gz")

Setting = tuple[int, int, int, int, int, str]


def compute() -> dict[str, Any]:
    """Draw the settings and let torch compute the outputs."""
    rng = random.Random(0)
    settings = [
        [*(rng.randint(low, high) for low, high in LIMITS.values()), rng.choice(NUMBERS)]
        for _ in range(2000)
    ]
    return {"settings": settings, "outputs": [_output(*setting) for setting in settings]}


def _output(
    input_size: int, kernel_size: int, stride: int, padding: int, output_padding: int, numbers: str
) -> list[list[float]] | None:
    image, kernel = (
        torch.tensor(rows, dtype=torch.float64)[None, None]
        for rows in make_numbers(numbers, input_size, kernel_size)
    )
    try:
        result = conv_transpose2d(
            image, kernel, stride=stride, padding=padding, output_padding=output_padding
        )
    except RuntimeError:
        return None
    return [[_short(value) for value in row] for row in result[0, 0].tolist()]


def _short(value: float) -> float:
    return int(value) if value == int(value) else round(value, 6)


if __name__ == "__main__":
    text = json.dumps(compute(), separators=(",", ":")).encode()
    with open(PATH, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as archive:
        archive.write(text)
