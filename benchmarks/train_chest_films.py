"""Train a small DenseNet on phantoms of chest films, and keep what the lab `ChestFilmsLab` shows.

Patients are split into training, validation and test. Of the test films, scores and truth of all
are kept, and some whole: their picture, and the class activation maps of the 14 findings. Which
ones, a rule says (`choose`). `--write` stores the record.
"""

import argparse
import base64
import io
import itertools
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from course_lib import cases
from course_lib.cases.chexnet import auroc_table, best_f1_threshold, train_chexnet
from course_lib.data.phantoms import FINDINGS, ChestFilms, chest_films
from course_lib.data.records import made_by, store_record
from course_lib.data.splits import refuse_overlap, split_patients
from course_lib.data.transforms import Standardize
from course_lib.devices import find_device
from course_lib.explain import class_activation_map
from course_lib.models.densenet import DenseNet
from course_lib.training import predict

RECORD = Path(cases.__file__).parents[1] / "data" / "recorded" / "chest_films.json"
PATIENTS, SIZE, SEED = 1200, 64, 0
FRACTIONS = {"train": 0.6, "valid": 0.15, "test": 0.25}
EPOCHS, RATE, BATCH = 12, 0.004, 16
QUALITY = 80  # of the pictures; the network saw the films as they were drawn
STEPS = 31  # of the maps' values, up and down: a page is to be light
KINDS = ("hit", "miss", "false alarm")
SHOWN = 24  # films
RULE = (
    "finding by finding: if no film so far is a hit, a miss or a false alarm at the finding's "
    "threshold, the first film of the test that is, of a patient without a film so far; then the "
    f"first film on which nothing is and nothing is said; then the first films, up to {SHOWN}"
)


def network() -> DenseNet:
    """Return a DenseNet-BC with maps of 8 x 8."""
    return DenseNet(14, in_channels=1, growth_rate=12, blocks=(2, 6), stem=24)


def one_cycle(adam: torch.optim.Optimizer, steps: int) -> torch.optim.lr_scheduler.LRScheduler:
    """Return the schedule of the learning rate."""
    return torch.optim.lr_scheduler.OneCycleLR(adam, RATE, total_steps=steps)


def hundredths(scores: Tensor) -> Tensor:
    """Cut, not round, scores to whole hundredths: at thresholds of two digits, counts stay."""
    return (scores.double() * 100).floor().clamp(max=99).long()


def choose(scores: Tensor, truth: Tensor, thresholds: list[int], patients: list[int]) -> list[int]:
    """Return which test films to show, in their order, by `RULE`."""
    called = scores >= torch.tensor(thresholds)
    there = truth.bool()
    outcomes = {"hit": called & there, "miss": ~called & there, "false alarm": called & ~there}
    taken: list[int] = []

    def take(fitting: Tensor) -> None:
        known = {patients[film] for film in taken}
        fresh = (f for f in fitting.nonzero()[:, 0].tolist() if patients[f] not in known)
        taken.extend(itertools.islice(fresh, 1))

    for k in range(len(thresholds)):
        for kind in KINDS:
            if not outcomes[kind][taken, k].any():
                take(outcomes[kind][:, k])
    take(~called.any(dim=1) & ~there.any(dim=1))
    for _ in range(SHOWN - len(taken)):
        take(torch.ones(len(scores)))
    return sorted(taken)


def picture(image: Tensor) -> str:
    """Return a gray picture (1, H, W) in [0, 1] as a WebP file, in base64."""
    file = io.BytesIO()
    pixels = (image[0] * 255).round().to(torch.uint8).numpy()
    Image.fromarray(pixels).save(file, "WEBP", quality=QUALITY, method=6)
    return base64.b64encode(file.getvalue()).decode()


def coded(values: Tensor) -> str:
    """Return whole numbers from 0 to 255 as bytes in base64."""
    return base64.b64encode(values.to(torch.uint8).numpy().tobytes()).decode()


def small_maps(maps: Tensor) -> tuple[Tensor, list[float]]:
    """Turn maps (N, 14, 8, 8) into bytes about STEPS, with the unit of each finding's bytes."""
    units = maps.abs().amax(dim=(0, 2, 3)) / STEPS
    codes = (maps / units[:, None, None]).round() + STEPS
    return codes, [float(f"{unit:.5g}") for unit in units.tolist()]


def record_of(
    model: nn.Module, parts: dict[str, ChestFilms], standardize: Standardize
) -> dict[str, Any]:
    """Compute all that the lab shows."""
    scores = {
        name: predict(model, standardize(parts[name].images)).sigmoid().cpu()
        for name in ("valid", "test")
    }
    valid, test = parts["valid"], parts["test"]
    thresholds = []
    for k in range(len(FINDINGS)):
        best = best_f1_threshold(valid.truth[:, k], scores["valid"][:, k])
        thresholds.append(int(hundredths(torch.tensor(best))))
    cut = hundredths(scores["test"])
    chosen = choose(cut, test.truth, thresholds, test.patients.tolist())
    shown = test.subset(chosen)
    raw = class_activation_map(model, standardize(shown.images), upsample=False).cpu()
    codes, units = small_maps(raw)
    (bias,) = (layer.bias for layer in model.modules() if isinstance(layer, nn.Linear))
    rows = auroc_table(test.truth, scores["test"], test.patients, FINDINGS, seed=SEED)
    films = [
        {
            "patient": int(shown.patients[n]),
            "number": int(shown.film_numbers[n]),
            "row": chosen[n],
            "picture": picture(shown.images[n]),
            "maps": coded(codes[n]),
            "boxes": {
                str(k): shown.boxes[n, k].tolist()
                for k in range(len(FINDINGS))
                if shown.truth[n, k]
            },
        }
        for n in range(len(chosen))
    ]
    return {
        "findings": list(FINDINGS),
        "thresholds": thresholds,
        "auroc": [[round(value, 4) for value in row[2:]] for row in rows],
        "side": raw.shape[-1],
        "steps": STEPS,
        "units": units,
        "bias": [round(value, 5) for value in bias.detach().cpu().tolist()],
        "test_films": len(test),
        "scores": coded(cut),
        "truth": coded(torch.from_numpy(np.packbits(test.truth.bool().numpy(), axis=1))),
        "films": films,
    }


def main() -> None:
    """Train, choose, print, store if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--patients", type=int, default=PATIENTS)
    parser.add_argument("--write", action="store_true", help=f"store {RECORD.name}")
    options = parser.parse_args()
    begin = time.monotonic()
    films = chest_films(options.patients, size=SIZE, seed=SEED)
    rows = split_patients(films.patients, FRACTIONS, stratify=films.truth, seed=SEED)
    refuse_overlap(films.patients, rows)
    parts = {name: films.subset(torch.from_numpy(row)) for name, row in rows.items()}
    pixels = parts["train"].images
    standardize = Standardize([pixels.mean().item()], [pixels.std().item()])
    pairs = [(standardize(parts[name].images), parts[name].truth) for name in ("train", "valid")]
    torch.manual_seed(SEED)
    model = network().to(find_device())
    history = train_chexnet(
        model, *pairs, epochs=options.epochs, batch_size=BATCH, scheduler=one_cycle, seed=SEED,
    )  # fmt: skip
    record = {
        "data": f"chest_films({options.patients}, size={SIZE}, seed={SEED}): phantoms, drawn from "
        "formulas; no patient is behind them",
        "split": f"split_patients, {FRACTIONS}, stratify=truth, seed={SEED}",
        "films_of_parts": {name: len(part) for name, part in parts.items()},
        "patients_of_parts": {name: len(set(p.patients.tolist())) for name, p in parts.items()},
        "recipe": "DenseNet(14, in_channels=1, growth_rate=12, blocks=(2, 6), stem=24), sum of "
        f"entropies, Adam, one cycle up to {RATE}, {options.epochs} epochs, batches of {BATCH}, "
        f"seed {SEED}; the epoch with the best loss on validation films",
        "best_epoch": history.best_epoch,
        "scores_are": "probabilities cut to whole hundredths, a byte each",
        "thresholds_are": "hundredths; best F1 on the validation films",
        "maps_are": "class activation maps: unit times (byte - steps); their mean plus the bias is "
        "the logit",
        "films_are": RULE,
        **record_of(model, parts, standardize),
        "made_by": made_by(
            "python benchmarks/train_chest_films.py --write",
            seed=SEED,
            date=datetime.now(UTC).date().isoformat(),
        ),
    }
    for name, (value, low, high), threshold in zip(
        FINDINGS, record["auroc"], record["thresholds"], strict=True
    ):
        print(f"{name:20} AUROC {value:.3f} ({low:.3f} to {high:.3f}), threshold {threshold}")
    print(f"{len(record['films'])} films, {(time.monotonic() - begin) / 60:.1f} minutes")
    if options.write:
        store_record(RECORD, record)


if __name__ == "__main__":
    main()
