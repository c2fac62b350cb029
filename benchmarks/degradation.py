"""Does a deeper plain network train worse than a shallower one, and does a shortcut cure it?

Plain and residual networks of 8, 20 and 44 layers learn real digits of 8 x 8 pixels. Each network
tries four learning rates on the first seed and keeps the one with the lowest training loss for the
others, so that no network is judged at a rate that suits another. Then the networks of 20 and 44
layers again, four times as long.

`--write` stores the record that the chapter ResNet shows, after every run, and goes on where an
earlier call stopped. With `--seeds 1` and without `--write` it tries one seed and stores nothing.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F

from course_lib import models
from course_lib.arithmetic import count_parameters
from course_lib.data.digits import digits
from course_lib.data.records import made_by, store_record
from course_lib.devices import find_device
from course_lib.models.resnet_cifar import CifarResNet
from course_lib.training import fit_one_cycle, predict

RECORD = Path(models.__file__).parents[1] / "data" / "recorded" / "degradation.json"
DEPTHS, WIDTH = (8, 20, 44), 8
LONG_DEPTHS = (20, 44)
KINDS = ("plain", "residual")
RATES = (0.01, 0.02, 0.05, 0.1)
EPOCHS, LONG, BATCH = 12, 48, 64


def build(kind: str, depth: int) -> CifarResNet:
    """Build one network; the two kinds have the same layers and the same number of weights."""
    return CifarResNet(depth, in_channels=1, shortcut=kind == "residual", width=WIDTH)


def run(kind: str, depth: int, rate: float, seed: int, epochs: int = EPOCHS) -> dict[str, Any]:
    """Train one network from one seed, measure it on its training images and on the test's."""
    data, device = digits(8), find_device()
    torch.manual_seed(seed)
    net = build(kind, depth).to(device)
    sgd = torch.optim.SGD(net.parameters(), rate, momentum=0.9, weight_decay=1e-4)
    losses = fit_one_cycle(
        net,
        data.train_images,
        data.train_labels,
        sgd,
        epochs=epochs,
        batch_size=BATCH,
        seed=seed,
    )
    train = predict(net, data.train_images)
    test = predict(net, data.test_images)
    return {
        "kind": kind,
        "depth": depth,
        "rate": rate,
        "seed": seed,
        "epochs": epochs,
        "train_loss": round(F.cross_entropy(train, data.train_labels).item(), 5),
        "train_wrong": int((train.argmax(1) != data.train_labels).sum()),
        "test_wrong": int((test.argmax(1) != data.test_labels).sum()),
        "losses": [round(x, 4) for x in losses.view(epochs, -1).mean(1).tolist()],
    }


def best_rate(runs: list[dict[str, Any]], kind: str, depth: int) -> float:
    """Return the rate with the lowest training loss in the short runs of seed 0."""
    tried = {
        r["rate"]: r["train_loss"]
        for r in runs
        if (r["kind"], r["depth"], r["seed"], r["epochs"]) == (kind, depth, 0, EPOCHS)
    }
    return min(RATES, key=tried.__getitem__)


def describe(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the record: the runs, and what made them."""
    with torch.device("meta"):
        parameters = {str(depth): count_parameters(build("plain", depth)) for depth in DEPTHS}
    return {
        "data": "sklearn.datasets.load_digits, 8 x 8 pixels, last 450 of 1797 for testing",
        "train_images": 1347,
        "test_images": 450,
        "recipe": f"SGD, one cycle up to the rate, momentum 0.9, decay 1e-4, batches of {BATCH}",
        "rates": RATES,
        "depths": DEPTHS,
        "epochs": [EPOCHS, LONG],
        "seeds": sorted({run["seed"] for run in runs}),
        "parameters": parameters,
        "made_by": made_by(
            "python benchmarks/degradation.py --write", threads=torch.get_num_threads()
        ),
        "runs": runs,
    }


def main() -> None:
    """Run all, print a line each, store the record if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--write", action="store_true", help=f"store {RECORD.name}")
    options = parser.parse_args()
    runs: list[dict[str, Any]] = []
    if options.write and RECORD.exists():
        runs = json.loads(RECORD.read_text(encoding="utf-8"))["runs"]

    def once(kind: str, depth: int, rate: float, seed: int, epochs: int) -> None:
        wanted = (kind, depth, rate, seed, epochs)
        if any(
            tuple(r[k] for k in ("kind", "depth", "rate", "seed", "epochs")) == wanted for r in runs
        ):
            return
        runs.append(run(*wanted))
        print({key: value for key, value in runs[-1].items() if key != "losses"}, flush=True)
        store()

    def store() -> None:
        if options.write:
            store_record(RECORD, describe(runs))

    for depth in DEPTHS:
        for kind in KINDS:
            for rate in RATES:
                once(kind, depth, rate, 0, EPOCHS)
    for seed in range(options.seeds):
        for depth in DEPTHS:
            for kind in KINDS:
                once(kind, depth, best_rate(runs, kind, depth), seed, EPOCHS)
    for seed in range(options.seeds):
        for depth in LONG_DEPTHS:
            for kind in KINDS:
                once(kind, depth, best_rate(runs, kind, depth), seed, LONG)
    store()


if __name__ == "__main__":
    main()
