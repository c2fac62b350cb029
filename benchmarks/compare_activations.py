"""How many steps does the same small network need with ReLU, and how many with tanh?

Two sets of real images, five seeds, several learning rates; each activation gets the weights at the
start that suit it, and is judged by its own best rate. `--write` stores the record that the chapter
AlexNet shows.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import course_lib
from course_lib.data.digits import digits
from course_lib.data.records import made_by, store_record
from course_lib.devices import find_device

RECORD = Path(course_lib.__file__).parent / "data" / "recorded" / "alexnet_activations.json"
ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh}
RATES = (0.01, 0.03, 0.1, 0.3)
GOALS = {"digits": 0.05, "photographs": 0.25}  # training error; the paper's goal is 0.25
BATCH, EVERY, LIMIT = 64, 5, 200


def photographs() -> tuple[Tensor, Tensor]:
    """Cut 1,500 patches of 8 x 8 pixels out of ten real photographs; the class is which one."""
    from skimage import data
    from sklearn.datasets import load_sample_images

    pictures = [
        data.astronaut(), data.chelsea(), data.coffee(), data.rocket(), data.retina()[::2, ::2],
        data.immunohistochemistry(), data.hubble_deep_field(), *load_sample_images().images,
        np.stack([data.brick()] * 3, axis=-1),
    ]  # fmt: skip
    generator = torch.Generator().manual_seed(0)
    patches, labels = [], []
    for label, picture in enumerate(pictures):
        image = torch.from_numpy(picture.copy()).permute(2, 0, 1).float() / 255
        image = F.avg_pool2d(image, 4)
        for _ in range(150):
            row, column = (
                int(torch.randint(0, side - 8, (1,), generator=generator))
                for side in image.shape[1:]
            )
            patches.append(image[:, row : row + 8, column : column + 8])
            labels.append(label)
    return torch.stack(patches), torch.tensor(labels)


def load(name: str) -> tuple[Tensor, Tensor]:
    """Load the training images of one set, with mean 0 and standard deviation 1."""
    if name == "digits":
        data = digits(8)
        images, labels = data.train_images, data.train_labels
    else:
        images, labels = photographs()
    return (images - images.mean()) / images.std(), labels


def network(activation: str, channels: int) -> nn.Sequential:
    """Build four convolutions of 16 maps and a classifier; weights suit the activation."""
    layers: list[nn.Module] = []
    for n in range(4):
        stride = 1 + n % 2
        layers += [nn.Conv2d(16 if n else channels, 16, 3, stride, 1), ACTIVATIONS[activation]()]
    model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(64, 10))
    for layer in model:
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity=activation)
            nn.init.zeros_(layer.bias)
    return model


def steps_to_goal(name: str, activation: str, rate: float, seed: int) -> int | None:
    """Train until the error on all training images is at the goal; None if it never gets there."""
    device = find_device()
    images, labels = (tensor.to(device) for tensor in load(name))
    torch.manual_seed(seed)
    model = network(activation, images.shape[1]).to(device)
    sgd = torch.optim.SGD(model.parameters(), rate, momentum=0.9)
    generator = torch.Generator().manual_seed(seed)
    step = 0
    while step < LIMIT:
        order = torch.randperm(len(images), generator=generator).to(device)
        for batch in order[: len(order) // BATCH * BATCH].view(-1, BATCH):
            loss = F.cross_entropy(model(images[batch]), labels[batch])
            sgd.zero_grad()
            loss.backward()
            sgd.step()
            step += 1
            if step % EVERY == 0:
                with torch.no_grad():
                    wrong = (model(images).argmax(1) != labels).float().mean().item()
                if wrong <= GOALS[name]:
                    return step
    return None


def main() -> None:
    """Run all, print a line each, store the record if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--write", action="store_true", help=f"store {RECORD.name}")
    options = parser.parse_args()
    runs = []
    for name in GOALS:
        for activation in ACTIVATIONS:
            for rate in RATES:
                found = [
                    steps_to_goal(name, activation, rate, seed) for seed in range(options.seeds)
                ]
                runs.append(
                    {"images": name, "activation": activation, "rate": rate, "steps": found}
                )
                print(runs[-1], flush=True)
    record = {
        "images": {
            "digits": "sklearn.datasets.load_digits, 8 x 8 pixels, the first 1347 of 1797",
            "photographs": "150 patches of 8 x 8 pixels from each of ten photographs of "
            "scikit-image and scikit-learn",
        },
        "goal": GOALS,
        "recipe": f"SGD, momentum 0.9, batches of {BATCH}, at most {LIMIT} steps, error on all "
        f"training images measured every {EVERY} steps",
        "start": "normal weights as torch.nn.init.kaiming_normal_ draws them for each activation",
        "runs": runs,
        "made_by": made_by("python benchmarks/compare_activations.py --write", seeds=options.seeds),
    }
    if options.write:
        store_record(RECORD, record)


if __name__ == "__main__":
    main()
