"""Train CheXNet's small sister on PneumoniaMNIST: children's films of 28 x 28, five seeds.

    python benchmarks/chexnet_pneumoniamnist.py --data DIR --jobs 4 --write

`--data` is the folder with `pneumoniamnist.npz`. Each setting of `SETTINGS` is tried once, on the
validation films alone, as they are and as another day would show them: turned, shifted, darker. The
best one is trained with five other seeds. Only those five networks see the test films, each once.
"""

import argparse
import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib import models
from course_lib.arithmetic import count_parameters
from course_lib.cases.chexnet import auroc_table, small_chexnet, train_chexnet
from course_lib.data.medmnist_sets import medmnist_set
from course_lib.data.records import made_by, store_record
from course_lib.data.splits import find_duplicates
from course_lib.losses import BalancedLoss
from course_lib.metrics import roc_auc_score
from course_lib.training import predict_all

RECORD = Path(models.__file__).parents[1] / "data" / "recorded" / "chexnet_pneumoniamnist.json"
EPOCHS, BATCH, RATE = 15, 64, 0.004
# Three blocks; the chapter takes two, whose maps of 8 x 8 show more.
network = partial(small_chexnet, blocks=(3, 3, 3), stem=16)
TRIAL_SEED = 100  # of the one run that each setting gets before the choice

Part = tuple[Tensor, Tensor]


def load(folder: Path) -> tuple[dict[str, Part], dict[str, int]]:
    """Read films (N, 1, 28, 28) in [0, 1] with labels (N, 1); and say what is there twice.

    Validation and test stay as published. A training film that equals one of them, or an earlier
    one of the training, is left out.
    """
    names = ("test", "valid", "train")  # the first one of two equal films stays
    sets = {name: medmnist_set("pneumoniamnist", name, root=folder) for name in names}
    pairs = find_duplicates({name: data.images for name, data in sets.items()})
    found = Counter(f"{pair.again.split} in {pair.first.split}" for pair in pairs)
    if found["valid in test"]:
        raise SystemExit("films of the test are in the validation")
    again = {pair.again.item for pair in pairs if pair.again.split == "train"}
    kept = {
        name: [n for n in range(len(data)) if name != "train" or n not in again]
        for name, data in sets.items()
    }
    parts = {
        name: (
            data.images[kept[name]].float() / 255,
            data.labels[kept[name]].float().reshape(-1, 1),
        )
        for name, data in sets.items()
    }
    return parts, dict(found)


def prepare(images: Tensor, side: int) -> Tensor:
    """Enlarge, and bring each film to mean 0 and standard deviation 1: (N, 1, H, W)."""
    large = F.interpolate(images, (side, side), mode="bilinear", align_corners=False)
    return (large - large.mean((2, 3), keepdim=True)) / large.std((2, 3), keepdim=True)


def vary(x: Tensor, *, flip: bool = False) -> Tensor:
    """Turn, scale and shift each film a little, and change its brightness and contrast."""

    def between(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(len(x), device=x.device)

    turn, wide, high = between(-0.15, 0.15), between(0.87, 1.13), between(0.87, 1.13)
    if flip:
        wide = wide * (between(0, 1) < 0.5).float().mul(2).sub(1)
    rows = [
        torch.stack([turn.cos() * wide, -turn.sin() * high, between(-0.14, 0.14)], 1),
        torch.stack([turn.sin() * wide, turn.cos() * high, between(-0.14, 0.14)], 1),
    ]
    grid = F.affine_grid(torch.stack(rows, 1), list(x.shape), align_corners=False)
    moved = F.grid_sample(x, grid, padding_mode="border", align_corners=False)
    gain, offset = between(0.75, 1.25), between(-0.25, 0.25)
    return moved * gain[:, None, None, None] + offset[:, None, None, None]


Setting = tuple[Callable[[], nn.Module], int, Callable[[Tensor], Tensor] | None]
SETTINGS: dict[str, Setting] = {
    "small_chexnet, 28 x 28, films as they are": (partial(network, 1), 28, None),
    "small_chexnet, 28 x 28, films varied": (partial(network, 1), 28, vary),
    "small_chexnet, enlarged to 56 x 56, films varied": (partial(network, 1), 56, vary),
}


def learn(
    name: str, seed: int, parts: Mapping[str, Part], epochs: int
) -> tuple[nn.Module, dict[str, Any]]:
    """Train one network from one seed; return it with what the validation says."""
    make, side, augment = SETTINGS[name]
    sets = {part: (prepare(x, side), y) for part, (x, y) in parts.items() if part != "test"}
    torch.manual_seed(seed)
    net, begin = make(), time.perf_counter()
    history = train_chexnet(
        net, sets["train"], sets["valid"], epochs=epochs, batch_size=BATCH, learning_rate=RATE,
        balanced=parts["train"][1], scheduler=cycle, augment=augment, seed=seed, progress=False,
    )  # fmt: skip
    best = history.rows[history.best_epoch - 1]
    run = {
        "setting": name,
        "seed": seed,
        "best_epoch": history.best_epoch,
        "valid_loss": round(best["valid_loss"], 4),
        "valid_auroc": round(best["auroc"], 4),
        "seconds": round(time.perf_counter() - begin, 1),
    }
    return net, run


def cycle(adam: torch.optim.Optimizer, steps: int) -> torch.optim.lr_scheduler.LRScheduler:
    """Raise the learning rate, then lower it to almost nothing."""
    return torch.optim.lr_scheduler.OneCycleLR(adam, RATE, total_steps=steps)


def trial(name: str, parts: Mapping[str, Part], epochs: int) -> dict[str, Any]:
    """Try a setting on the validation films, as they are and varied."""
    net, run = learn(name, TRIAL_SEED, parts, epochs)
    images, labels = parts["valid"]
    torch.manual_seed(TRIAL_SEED)
    varied = vary(prepare(images.repeat(4, 1, 1, 1), SETTINGS[name][1]))
    logits = predict_all(net, (varied, labels.repeat(4, 1)))[1].cpu()
    loss = BalancedLoss(parts["train"][1])(logits, labels.repeat(4, 1))
    auroc = roc_auc_score(labels.repeat(4, 1)[:, 0], logits[:, 0])
    run |= {"varied_loss": round(float(loss), 4), "varied_auroc": round(float(auroc), 4)}  # type: ignore[arg-type]
    print(run, flush=True)
    return run


def final(seed: int, name: str, parts: Mapping[str, Part], epochs: int) -> dict[str, Any]:
    """Train the chosen setting, and let it see the test films."""
    net, run = learn(name, seed, parts, epochs)
    images, labels = parts["test"]
    logits = predict_all(net, (prepare(images, SETTINGS[name][1]), labels))[1].cpu()
    [row] = auroc_table(labels, logits, torch.arange(len(labels)), ["Pneumonia"], seed=seed)
    run |= {"auroc": round(row.auroc, 4), "low": round(row.low, 4), "high": round(row.high, 4)}
    print(run, flush=True)
    return run | {"logits": logits[:, 0].tolist()}


def main() -> None:
    """Try, choose, train five times; store the record if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, type=Path, help="folder with pneumoniamnist.npz")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--jobs", type=int, default=1, help="networks at a time, one thread each")
    parser.add_argument("--write", action="store_true", help=f"store {RECORD.name}")
    options = parser.parse_args()
    begin = time.perf_counter()
    parts, twice = load(options.data)
    print({name: len(labels) for name, (_, labels) in parts.items()}, twice, flush=True)
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.jobs, spawn, torch.set_num_threads, (1,)) as pool:
        shared = {"parts": parts, "epochs": options.epochs}
        seen = {"parts": {k: v for k, v in parts.items() if k != "test"}, "epochs": options.epochs}
        tried = list(pool.map(partial(trial, **seen), SETTINGS))
        chosen = min(tried, key=lambda run: run["valid_loss"] + run["varied_loss"])["setting"]
        runs = list(pool.map(partial(final, name=chosen, **shared), range(options.seeds)))
    scores = torch.tensor([run.pop("logits") for run in runs]).sigmoid().mean(0)
    record = {
        "data": "PneumoniaMNIST of MedMNIST v2, 28 x 28 gray (Kermany et al.; CC BY 4.0); its own "
        "split; children of one hospital; no patient numbers are published, so films of one child "
        "may be in two parts",
        "films": {name: len(labels) for name, (_, labels) in parts.items()},
        "with_pneumonia": {name: int(labels.sum()) for name, (_, labels) in parts.items()},
        "there_twice": twice,
        "removed_from_train": sum(n for key, n in twice.items() if key.startswith("train")),
        "network": chosen,
        "parameters": count_parameters(SETTINGS[chosen][0]()),
        "recipe": "train_chexnet with the balanced loss; each film brought to mean 0, deviation 1; "
        f"Adam, one cycle up to {RATE}, {options.epochs} epochs, batches of {BATCH}; the epoch of "
        "the lowest validation loss",
        "choice": "lowest sum of the losses on the validation films, as they are and varied "
        "(valid_loss, varied_loss), of one run each with a seed of its own; the test films were "
        "not looked at",
        "tried": tried,
        "epochs": options.epochs,
        "runs": runs,
        "mean_of_seeds_auroc": round(float(roc_auc_score(parts["test"][1][:, 0], scores)), 4),  # type: ignore[arg-type]
        "interval": "95 %, bootstrap of the test films",
        "seconds": round(time.perf_counter() - begin),
        "made_by": made_by(
            f"python benchmarks/chexnet_pneumoniamnist.py --data DIR --jobs {options.jobs} --write",
            seeds=list(range(options.seeds)),
            date=time.strftime("%Y-%m-%d"),
        ),
    }
    print({k: v for k, v in record.items() if k not in ("runs", "tried")})
    if options.write:
        store_record(RECORD, record)


if __name__ == "__main__":
    main()
