"""How well do LeNet-5 of 1998 and its descendant of today read real digits?

Five seeds of each, the same images in the same order. `--write` stores the record that the chapter
LeNet-5 shows.
"""

import argparse
import json
import platform
from pathlib import Path

import torch
from torch.nn.functional import cross_entropy

from course_lib import models
from course_lib.arithmetic import count_parameters
from course_lib.data.digits import digits
from course_lib.devices import describe_device, find_device
from course_lib.models.lenet import map_loss
from course_lib.training import accuracy, fit

RECORD = Path(models.__file__).parents[1] / "data" / "recorded" / "lenet.json"
NETWORKS = {
    "1998, codes": (lambda: models.lenet5(), map_loss),
    "1998, linear output": (lambda: models.lenet5(output="linear"), cross_entropy),
    "today": (lambda: models.lenet5_dense(), cross_entropy),
}
EPOCHS, BATCH, RATE = 10, 64, 0.003


def run(name: str, seed: int, epochs: int = EPOCHS) -> dict[str, object]:
    """Train one network from one seed and measure it on the test images."""
    data, device = digits(32), find_device()
    make, loss = NETWORKS[name]
    torch.manual_seed(seed)
    net = make().to(device)
    adam = torch.optim.Adam(net.parameters(), RATE)
    steps = epochs * (len(data.train_images) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(adam, RATE, total_steps=steps)
    fit(
        net,
        data.train_images,
        data.train_labels,
        adam,
        epochs=epochs,
        batch_size=BATCH,
        generator=torch.Generator().manual_seed(seed),
        schedule=schedule,
        loss=loss,
    )
    right = accuracy(net, data.test_images, data.test_labels) * len(data.test_labels)
    return {"network": name, "seed": seed, "right": round(right)}


def main() -> None:
    """Run all, print a line each, store the record if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--write", action="store_true", help=f"store {RECORD.name}")
    options = parser.parse_args()
    runs = []
    for name in NETWORKS:
        for seed in range(options.seeds):
            runs.append(run(name, seed))
            print(runs[-1], flush=True)
    record = {
        "data": "sklearn.datasets.load_digits at 32 x 32 pixels, last 450 of 1797 for testing",
        "test_images": 450,
        "recipe": f"Adam, one cycle up to {RATE}, {EPOCHS} epochs, batches of {BATCH}",
        "parameters": {name: count_parameters(make()) for name, (make, _) in NETWORKS.items()},
        "runs": runs,
        "made_by": {
            "command": "python benchmarks/compare_lenet.py --write",
            "device": describe_device(),
            "python": platform.python_version(),
            "torch": torch.__version__,
        },
    }
    if options.write:
        RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
