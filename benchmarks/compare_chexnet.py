"""What the chapter Chest X-rays finds on phantoms: is it so from five seeds?

Each seed draws its own patients, and its own network. `--write` stores the record that the chapter
shows; `--seed` runs one of them.
"""

import argparse
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from course_lib import cases
from course_lib.cases.chexnet import small_chexnet, train_chexnet
from course_lib.data.phantoms import FINDINGS, ChestFilms, Shortcut, Site, chest_films
from course_lib.data.records import made_by, store_record
from course_lib.data.splits import split_patients
from course_lib.data.transforms import Standardize
from course_lib.devices import find_device
from course_lib.explain import class_activation_map, peak_inside
from course_lib.metrics import roc_auc_score
from course_lib.training import predict

RECORD = Path(cases.__file__).parents[1] / "data" / "recorded" / "chexnet_phantoms.json"
PATIENTS, EPOCHS, RATE, NOISE = 800, 6, 0.004, 0.35
PNEUMONIA, PNEUMOTHORAX = FINDINGS.index("Pneumonia"), FINDINGS.index("Pneumothorax")


def one_cycle(adam: torch.optim.Optimizer, steps: int) -> torch.optim.lr_scheduler.LRScheduler:
    """Return the schedule of the chapter."""
    return torch.optim.lr_scheduler.OneCycleLR(adam, RATE, total_steps=steps)


def macro(labels: Tensor, scores: Tensor) -> float:
    """Return the mean AUROC of the findings."""
    mean: Any = roc_auc_score(labels, scores, average="macro")
    return round(float(mean), 4)


def auroc(labels: Tensor, scores: Tensor) -> float:
    """Return the AUROC of one finding."""
    area: Any = roc_auc_score(labels, scores)
    return round(float(area), 4)


def trained(seed: int, k: int, *pairs: Any, **settings: Any) -> nn.Module:
    """Return a network for k findings, trained from `seed`."""
    torch.manual_seed(seed)
    network = small_chexnet(k).to(find_device())
    train_chexnet(
        network, *pairs, epochs=EPOCHS, scheduler=one_cycle, seed=seed, progress=False, **settings
    )
    return network


def hits(network: nn.Module, films: ChestFilms, standardize: Standardize) -> dict[str, Any]:
    """Return how often peaks of the maps lie in the place of the finding, and the chance of it."""
    maps = class_activation_map(network, standardize(films.images)).cpu()
    inside, chance = [], []
    for k, name in enumerate(FINDINGS):
        ill = films.truth[:, k].nonzero()[:, 0].tolist()
        masks = torch.stack([films.mask(n, name) for n in ill])
        inside.append(round(peak_inside(maps[ill, k], masks).double().mean().item(), 4))
        chance.append(round(masks.double().mean().item(), 4))
    return {"inside": inside, "chance": chance}


def shortcut(seed: int, standardize: Standardize) -> dict[str, float]:
    """Return what a network that saw a marker at site A is worth there and at site B."""
    films = chest_films(
        500,
        seed=seed,
        first_patient=7000,
        sites=(Site("A"), Site("B")),
        shortcut=Shortcut("L", "Pneumonia", site="A", strength=0.95),
        prevalence={"Pneumonia": 0.3},
    )
    here, there = films.subset(films.sites == 0), films.subset(films.sites == 1)
    halves = split_patients(here.patients, fractions={"train": 0.5, "test": 0.5})
    rows = {name: torch.from_numpy(row) for name, row in halves.items()}
    learn, here = here.subset(rows["train"]), here.subset(rows["test"])
    labels = learn.truth[:, [PNEUMONIA]]
    pair = standardize(learn.images), labels
    network = trained(seed, 1, pair, pair, balanced=labels)
    found = {}
    for name, part in (("A", here), ("B", there)):
        scores = predict(network, standardize(part.images))[:, 0]
        found[name] = auroc(part.truth[:, PNEUMONIA], scores)
    covered = standardize(here.images)
    covered[:, :, :20, 44:] = 0
    found["covered"] = auroc(here.truth[:, PNEUMONIA], predict(network, covered)[:, 0])
    seen = here.subset((here.truth[:, PNEUMONIA] == 1) & here.devices[:, 4])
    maps = class_activation_map(network, standardize(seen.images), 0).cpu()
    corner = torch.zeros(len(seen), 64, 64, dtype=torch.bool)
    corner[:, :20, 44:] = True
    found["corner"] = round(peak_inside(maps, corner).double().mean().item(), 4)
    return found


def run(seed: int) -> dict[str, Any]:
    """Do what the chapter does, with patients and networks of this seed."""
    films = chest_films(PATIENTS, seed=seed, label_noise=NOISE)
    rows = split_patients(films.patients, stratify=films.truth)
    parts = {name: films.subset(torch.from_numpy(row)) for name, row in rows.items()}
    pixels, test = parts["train"].images, parts["test"]
    standardize = Standardize([pixels.mean().item()], [pixels.std().item()])
    images = {name: standardize(part.images) for name, part in parts.items()}
    learning = "train", "valid"
    network = trained(seed, 14, *((images[name], parts[name].truth) for name in learning))
    misled = trained(seed, 14, *((images[name], parts[name].labels) for name in learning))
    scores, outputs = predict(network, images["test"]), predict(misled, images["test"])
    each: Any = roc_auc_score(test.truth, scores, average=None)
    air = chest_films(200, seed=seed, prevalence={"Pneumothorax": 0.4}, first_patient=5000)
    score = predict(network, standardize(air.images))[:, PNEUMOTHORAX]
    has, tube = air.truth[:, PNEUMOTHORAX] == 1, air.devices[:, 2]
    strata = {}
    for name, some in (("all", has), ("tube", has & tube), ("no tube", has & ~tube)):
        kept = some | ~has
        strata[name] = auroc(has[kept].long(), score[kept])
    moved = {}
    for site in (Site("A"), Site("B", contrast=0.6, exposure=0.08, noise=0.05)):
        group = chest_films(150, seed=seed, first_patient=6000, sites=(site,))
        moved[site.name] = macro(group.truth, predict(network, standardize(group.images)))
    return {
        "seed": seed,
        "films": {name: len(part) for name, part in parts.items()},
        "auroc": dict(zip(FINDINGS, [round(value, 4) for value in each.tolist()], strict=True)),
        "mean": macro(test.truth, scores),
        "noise": {
            "truth on reports": macro(test.labels, scores),
            "reports on truth": macro(test.truth, outputs),
            "reports on reports": macro(test.labels, outputs),
            "ceiling": macro(test.labels, test.truth),
        },
        "tube": strata,
        "scanner": moved,
        "shortcut": shortcut(seed, standardize),
        "peaks": hits(
            network, chest_films(200, seed=seed, prevalence=0.15, first_patient=4000), standardize
        ),
    }


def main() -> None:
    """Run all, print a line each, store the record if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, help="this one alone, of 0 to 4")
    parser.add_argument("--write", action="store_true", help=f"store {RECORD.name}")
    options = parser.parse_args()
    runs = []
    for seed in range(5) if options.seed is None else [options.seed]:
        runs.append(run(seed))
        print(runs[-1], flush=True)
    record = {
        "data": f"chest_films({PATIENTS}, seed=seed, label_noise={NOISE}), phantoms of 64 x 64",
        "recipe": f"small_chexnet, Adam, one cycle up to {RATE}, {EPOCHS} epochs, batches of 16",
        "runs": runs,
        "made_by": made_by("python benchmarks/compare_chexnet.py --write"),
    }
    if options.write:
        store_record(RECORD, record)


if __name__ == "__main__":
    main()
