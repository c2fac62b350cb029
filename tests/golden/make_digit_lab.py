"""Write `digit_lab.json.gz`: drawings, their 32 x 32 pixels, and what torch says of them.

For each case strokes and a pen; the prepared digit, as bytes in base64; and the ten squared
distances, computed by torch in float64. After a change of the lab's numbers or of the network:
`python tests/golden/make_digit_lab.py`.
"""

import base64
import gzip
import json
import random
from pathlib import Path
from typing import Any

import torch

from course_lib.data.drawing import INK, PAPER, draw_strokes, prepare_digit
from course_lib.models.drawn_digits import drawn_digits_lenet5
from course_lib.widgets.digit_lab import EXAMPLES, PENS

PATH = Path(__file__).with_name("digit_lab.json.gz")
Strokes = list[list[float]]


def compute() -> dict[str, Any]:
    """Draw the cases, prepare them, and let torch read them."""
    rng = random.Random(0)
    cases: list[tuple[Strokes, float]] = [
        ([list(stroke) for stroke in digit], PENS[n % 3]) for n, digit in enumerate(EXAMPLES)
    ]
    cases += [([], 20), ([[12, 270]], 1), ([[-5, 40, 300, 41.5]], 20), ([[9, 9, 9, 9]], 60)]
    cases += [_scribble(rng) for _ in range(16)]
    digits = [prepare_digit(draw_strokes(strokes, pen)) for strokes, pen in cases]
    return {
        "cases": [[strokes, pen] for strokes, pen in cases],
        "digits": [base64.b64encode(digit.numpy().tobytes()).decode("ascii") for digit in digits],
        "distances": [
            [round(value, 6) for value in row] for row in distances(torch.stack(digits)).tolist()
        ],
    }


@torch.no_grad()
def distances(digits: torch.Tensor) -> torch.Tensor:
    """Read prepared digits in float64, as a browser does."""
    inputs = digits.double()[:, None] / 255 * (INK - PAPER) + PAPER
    found: torch.Tensor = -drawn_digits_lenet5().double()(inputs)
    return found


def _scribble(rng: random.Random) -> tuple[Strokes, float]:
    """Draw lines that wander, within a part of the paper."""
    side = rng.uniform(20, 250)
    left, top = rng.uniform(0, 280 - side), rng.uniform(0, 280 - side)

    def half(start: float) -> float:
        return round(2 * (start + side * rng.random())) / 2

    strokes = [
        [half(start) for _ in range(rng.randint(1, 6)) for start in (left, top)]
        for _ in range(rng.randint(1, 3))
    ]
    return strokes, rng.choice([1, *PENS, 7, 60])


if __name__ == "__main__":
    text = json.dumps(compute(), separators=(",", ":")).encode()
    with open(PATH, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as archive:
        archive.write(text)
