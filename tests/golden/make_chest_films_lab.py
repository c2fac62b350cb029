"""Write `chest_films_lab.json.gz`: what `course_lib.metrics` and torch say of the lab's data.

Cases are [finding, threshold in hundredths] with the four cells, and sensitivity, specificity, PPV
and NPV over all test films; None where nobody could be counted. Maps are some of the films', each
enlarged to 64 x 64, every 61st pixel of it, and its highest place. After a change of the record:
`python tests/golden/make_chest_films_lab.py`.
"""

import gzip
import json
import math
import warnings
from base64 import b64decode
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from course_lib.metrics import BinaryConfusion, UndefinedMetricWarning
from course_lib.widgets import ChestFilmsLab

PATH = Path(__file__).with_name("chest_films_lab.json.gz")
THRESHOLDS = (0, 1, 7, 25, 50, 77, 99, 100)
FILMS = (0, 3, -1)


def tensors(data: dict[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return truth (N, 14) and scores (N, 14) in hundredths."""
    n, k = data["test_films"], len(data["findings"])
    scores = np.frombuffer(b64decode(data["scores"]), np.uint8).reshape(n, k)
    bits = np.frombuffer(b64decode(data["truth"]), np.uint8).reshape(n, -1)
    truth = np.unpackbits(bits, axis=1, count=k)
    return torch.from_numpy(truth.astype(np.int64)), torch.from_numpy(scores.astype(np.int64))


def maps_of(data: dict[str, Any], film: int) -> torch.Tensor:
    """Return the maps' bytes (14, 8, 8)."""
    side = data["side"]
    values = np.frombuffer(b64decode(data["films"][film]["maps"]), np.uint8)
    return torch.from_numpy(values.astype(np.float64)).view(-1, side, side)


def compute() -> dict[str, Any]:
    """Compute all cases."""
    data = ChestFilmsLab().data
    truth, scores = tensors(data)
    found: dict[str, Any] = {"cases": [], "maps": []}
    for k in range(len(data["findings"])):
        for threshold in THRESHOLDS:
            test = BinaryConfusion.from_scores(truth[:, k], scores[:, k], threshold=threshold)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UndefinedMetricWarning)
                rates = [test.sensitivity, test.specificity, test.ppv, test.npv]
            cells = [test.tp, test.fn, test.fp, test.tn]
            known = [None if math.isnan(rate) else rate for rate in rates]
            found["cases"].append([[k, threshold], cells + known])
    for film in FILMS:
        maps = maps_of(data, film)
        large = F.interpolate(maps[None], (64, 64), mode="bilinear", align_corners=False)[0]
        for k, map_ in enumerate(maps):
            place = divmod(int(map_.flatten().argmax()), data["side"])
            pixels = large[k].flatten()[::61].tolist()
            found["maps"].append([[film % len(data["films"]), k], [list(place), pixels]])
    return found


if __name__ == "__main__":
    text = json.dumps(compute(), separators=(",", ":")).encode()
    with open(PATH, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as archive:
        archive.write(text)
