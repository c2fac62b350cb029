"""Small networks tell six surfaces apart: inception modules, the same without bottlenecks, plain.

Five seeds of each, the same recipe. `--write` stores the record that the chapter Network in Network
and GoogLeNet shows.
"""

import argparse
from pathlib import Path

import torch
from torch import Tensor, nn

from course_lib import models
from course_lib.arithmetic import count_macs, count_parameters
from course_lib.data.records import made_by, store_record
from course_lib.data.textures import NAMES, textures
from course_lib.devices import find_device
from course_lib.models.googlenet import BasicConv2d, Inception
from course_lib.training import accuracy, fit_one_cycle

RECORD = Path(models.__file__).parents[1] / "data" / "recorded" / "inception_bottlenecks.json"
SIZE, EPOCHS, BATCH, RATE = 24, 4, 64, 0.1
PATCHES = {"train": 300, "test": 75}  # of each surface


class WithoutBottlenecks(nn.Module):
    """The paper's naive module (its Figure 2a): 1 x 1, 3 x 3, 5 x 5 and pooling side by side."""

    def __init__(self, in_channels: int, ch1x1: int, ch3x3: int, ch5x5: int) -> None:
        """Build the branches; the pooled maps are all handed on."""
        super().__init__()
        maps = {1: ch1x1, 3: ch3x3, 5: ch5x5}
        self.branches = nn.ModuleList(
            [BasicConv2d(in_channels, m, k, padding=k // 2) for k, m in maps.items()]
        )
        self.branches.append(nn.MaxPool2d(3, stride=1, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        """Return the maps of all branches, one after the other."""
        return torch.cat([branch(x) for branch in self.branches], dim=1)


def _network(first: nn.Module, second: nn.Module, maps: int) -> nn.Sequential:
    stem = [BasicConv2d(1, 16, 3, padding=1), nn.MaxPool2d(2)]
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(maps, len(NAMES))]
    return nn.Sequential(*stem, first, nn.MaxPool2d(2), second, *head)


NETWORKS = {
    "with bottlenecks": lambda: _network(
        Inception(16, 8, 8, 12, 4, 6, 6), Inception(32, 16, 16, 24, 6, 12, 12), 64
    ),
    "without": lambda: _network(
        WithoutBottlenecks(16, 8, 12, 6), WithoutBottlenecks(42, 16, 24, 12), 94
    ),
    "plain 3 x 3": lambda: _network(
        BasicConv2d(16, 24, 3, padding=1), BasicConv2d(24, 25, 3, padding=1), 25
    ),
}


def run(name: str, seed: int) -> dict[str, object]:
    """Train one network from one seed and measure it on the test patches."""
    data = textures(SIZE, **PATCHES)
    torch.manual_seed(seed)
    net = NETWORKS[name]().to(find_device())
    sgd = torch.optim.SGD(net.parameters(), RATE, momentum=0.9, weight_decay=1e-4)
    fit_one_cycle(
        net,
        data.train_images,
        data.train_labels,
        sgd,
        epochs=EPOCHS,
        batch_size=BATCH,
        seed=seed,
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
    built = {name: make().eval() for name, make in NETWORKS.items()}
    record = {
        "data": f"patches of {SIZE} x {SIZE} pixels of six photographs of scikit-image; 300 of "
        "each from its left 60% for training, 75 from the rest for testing",
        "test_images": PATCHES["test"] * len(NAMES),
        "recipe": f"SGD, one cycle up to {RATE}, momentum 0.9, {EPOCHS} epochs, batches of {BATCH}",
        "parameters": {name: count_parameters(net) for name, net in built.items()},
        "macs": {name: count_macs(net, SIZE) for name, net in built.items()},
        "runs": runs,
        "made_by": made_by("python benchmarks/compare_inception.py --write"),
    }
    if options.write:
        store_record(RECORD, record)


if __name__ == "__main__":
    main()
