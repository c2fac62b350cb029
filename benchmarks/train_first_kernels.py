"""Train 32 kernels of 11 x 11 x 3 on twelve real photographs, to see what they become.

The network sees a patch of 35 x 35 pixels, turned by 0, 90, 180 or 270 degrees. It must say from
which photograph the patch comes and how it was turned. `--write` stores the record that the chapter
AlexNet shows; its kernels are int8, each scaled to its own largest weight, in base64.
"""

import argparse
import base64
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import course_lib
from course_lib.data.records import made_by, store_record
from course_lib.devices import find_device

RECORD = Path(course_lib.__file__).parent / "data" / "recorded" / "alexnet_kernels.json"
SIZE, BATCH, STEPS, RATE, SEED = 35, 64, 2500, 0.01, 0


def photographs() -> list[Tensor]:
    """Load twelve photographs at half their size, in [0, 1]."""
    from skimage import data
    from sklearn.datasets import load_sample_images

    grays = (data.brick(), data.grass(), data.gravel())
    pictures = [
        data.astronaut(), data.chelsea(), data.coffee(), data.rocket(), data.retina()[::2, ::2],
        data.immunohistochemistry(), data.hubble_deep_field(), *load_sample_images().images,
        *(np.stack([gray] * 3, axis=-1) for gray in grays),
    ]  # fmt: skip
    tensors = (torch.from_numpy(picture.copy()).permute(2, 0, 1) for picture in pictures)
    return [F.avg_pool2d(tensor.float() / 255, 2) for tensor in tensors]


def draw(pictures: list[Tensor], generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Draw a batch of turned patches with a random brightness: patches, photographs, turns."""

    def below(high: int) -> int:
        return int(torch.randint(0, high, (1,), generator=generator))

    which = torch.randint(0, len(pictures), (BATCH,), generator=generator)
    patches = []
    for n in which.tolist():
        row, column = (below(side - SIZE + 1) for side in pictures[n].shape[1:])
        patches.append(pictures[n][:, row : row + SIZE, column : column + SIZE])
    turns = torch.randint(0, 4, (BATCH,), generator=generator)
    turned = [torch.rot90(p, t, (1, 2)) for p, t in zip(patches, turns.tolist(), strict=True)]
    light = 0.6 + 0.8 * torch.rand(BATCH, 1, 1, 1, generator=generator)
    return 4 * (torch.stack(turned) * light - 0.45), which, turns


def train(steps: int = STEPS) -> tuple[Tensor, list[float], list[float]]:
    """Train; return the kernels, the loss of each step, and the share of photographs right."""
    pictures, device = photographs(), find_device()
    torch.manual_seed(SEED)
    net = nn.Sequential(
        nn.Conv2d(3, 32, 11, stride=4), nn.ReLU(), nn.LocalResponseNorm(5, 5e-4, 0.75, 2.0),
        nn.MaxPool2d(3, 2), nn.Flatten(), nn.Linear(32 * 9, 128), nn.ReLU(),
        nn.Linear(128, len(pictures) + 4),
    )  # fmt: skip
    first = net[0]
    assert isinstance(first, nn.Conv2d)
    nn.init.normal_(first.weight, std=0.01)
    net.to(device)
    sgd = torch.optim.SGD(net.parameters(), RATE, momentum=0.9, weight_decay=2e-3)
    generator = torch.Generator().manual_seed(SEED)
    losses, right = [], []
    for step in range(steps):
        sgd.param_groups[0]["lr"] = RATE * (1 - step / STEPS)
        patches, which, turns = (tensor.to(device) for tensor in draw(pictures, generator))
        out = net(patches)
        loss = F.cross_entropy(out[:, :-4], which) + F.cross_entropy(out[:, -4:], turns)
        sgd.zero_grad()
        loss.backward()
        sgd.step()
        losses.append(loss.item())
        right.append((out[:, :-4].argmax(1) == which).float().mean().item())
        if step % 250 == 0:
            print(step, round(losses[-1], 3), right[-1], flush=True)
    return first.weight.detach().cpu(), losses, right


def main() -> None:
    """Train, store the record if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"store {RECORD.name}")
    options = parser.parse_args()
    kernels, losses, right = train()
    scaled = kernels / kernels.abs().amax(dim=(1, 2, 3), keepdim=True)
    record = {
        "data": "random patches of 35 x 35 pixels of twelve photographs of scikit-image and "
        "scikit-learn, at half their size",
        "recipe": f"SGD {RATE} falling to 0, momentum 0.9, weight decay 0.002, {STEPS} steps of "
        f"{BATCH} patches",
        "shape": list(kernels.shape),
        "kernels": base64.b64encode(
            (127 * scaled).round().to(torch.int8).numpy().tobytes()
        ).decode(),
        "first_losses": [round(loss, 4) for loss in losses[:5]],
        "right_in_last_100_steps": round(sum(right[-100:]) / 100, 3),
        "made_by": made_by("python benchmarks/train_first_kernels.py --write", seed=SEED),
    }
    if options.write:
        store_record(RECORD, record)


if __name__ == "__main__":
    main()
