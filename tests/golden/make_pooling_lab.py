"""Write `pooling_lab.json.gz`: what torch computes for 2,000 settings of the pooling lab.

A setting is [input size, kernel size, stride, padding, shift, mean, ceil_mode]; its output is null
where torch refuses. After a change of the lab's numbers: `python tests/golden/make_pooling_lab.py`.
"""

import gzip
import json
import random
from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import avg_pool2d, max_pool2d

from course_lib.widgets.pooling_lab import LIMITS, make_input

PATH = Path(__file__).with_name("pooling_lab.json.gz")


def compute() -> dict[str, Any]:
    """Draw the settings and let torch compute the outputs."""
    rng = random.Random(0)
    settings = [
        [*(rng.randint(low, high) for low, high in LIMITS.values()), *rng.choices((0, 1), k=2)]
        for _ in range(2000)
    ]
    return {"settings": settings, "outputs": [_output(*setting) for setting in settings]}


def _output(
    input_size: int,
    kernel_size: int,
    stride: int,
    padding: int,
    shift: int,
    mean: int,
    ceil_mode: int,
) -> list[list[float]] | None:
    image = torch.tensor(make_input(input_size, shift), dtype=torch.float64)[None, None]
    pool = avg_pool2d if mean else max_pool2d
    try:
        result = pool(image, kernel_size, stride, padding, ceil_mode=bool(ceil_mode))
    except RuntimeError:
        return None
    rows: list[list[float]] = result[0, 0].tolist()
    return [[round(value, 6) for value in row] for row in rows]


if __name__ == "__main__":
    text = json.dumps(compute(), separators=(",", ":")).encode()
    with open(PATH, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as archive:
        archive.write(text)
