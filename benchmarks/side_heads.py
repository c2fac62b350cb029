"""By what factor do GoogLeNet's side heads lengthen the gradient of each part, before training?

Five seeds, as in the paper and with batch normalization. `--write` stores the record that the
chapter Network in Network and GoogLeNet shows.
"""

import argparse
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib import models
from course_lib.data.records import made_by, store_record
from course_lib.data.textures import textures
from course_lib.devices import find_device
from course_lib.models.googlenet import VARIANTS

RECORD = Path(models.__file__).parents[1] / "data" / "recorded" / "side_heads.json"
WEIGHT = 0.3  # of the loss of each side head


def lengths(net: nn.Module, loss: Tensor) -> dict[str, float]:
    """Return the norm of the gradient of each part but the heads and the last layer."""
    grads = torch.autograd.grad(loss, list(net.parameters()), retain_graph=True, allow_unused=True)
    squares: dict[str, float] = {}
    for (name, _), grad in zip(net.named_parameters(), grads, strict=True):
        part = name.split(".")[0]
        if grad is not None and part.startswith(("conv", "inception")):
            part = part.removeprefix("inception")
            squares[part] = squares.get(part, 0.0) + grad.square().sum().item()
    return {name: square**0.5 for name, square in squares.items()}


def run(variant: str, seed: int) -> dict[str, object]:
    """Compare the gradients of one network, on three images of 224 x 224."""
    few, device = textures(112, train=1, test=1), find_device()
    images = F.interpolate(few.train_images[::2], scale_factor=2).to(device)
    labels = few.train_labels[::2].to(device)
    torch.manual_seed(seed)
    net = models.googlenet(6, in_channels=1, variant=variant, dropout=0.0, dropout_aux=0.0)
    losses = [F.cross_entropy(out, labels) for out in net.to(device)(images)]
    without = lengths(net, losses[0])
    both = lengths(net, losses[0] + WEIGHT * (losses[1] + losses[2]))
    ratios = {name: round(both[name] / without[name], 3) for name in both}
    return {"variant": variant, "seed": seed, "ratios": ratios}


def main() -> None:
    """Run all, print a line each, store the record if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--write", action="store_true", help=f"store {RECORD.name}")
    options = parser.parse_args()
    runs = []
    for variant in VARIANTS:
        for seed in range(options.seeds):
            runs.append(run(variant, seed))
            print(runs[-1], flush=True)
    record = {
        "data": "3 patches of 112 x 112 pixels of photographs of scikit-image, enlarged to 224",
        "heads_weight": WEIGHT,
        "runs": runs,
        "made_by": made_by("python benchmarks/side_heads.py --write"),
    }
    if options.write:
        store_record(RECORD, record)


if __name__ == "__main__":
    main()
