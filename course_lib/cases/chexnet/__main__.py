"""Train CheXNet at any size: on phantoms, on ChestX-ray14, on films of your own.

One GPU or the CPU:  python -m course_lib.cases.chexnet --data ChestX-ray14 --out run
Several GPUs:        torchrun --nproc_per_node 4 -m course_lib.cases.chexnet ...
Several machines:    accelerate launch -m course_lib.cases.chexnet ..., after `accelerate config`

A run that was stopped goes on from its last epoch when it is started again with the same --out.
"""

import argparse
import importlib.metadata
import json
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from course_lib.cases.chexnet.method import auroc_table, chexnet, small_chexnet, train_chexnet
from course_lib.cases.chexnet.readers import best_f1_threshold
from course_lib.cases.chexnet.sources import TASKS, open_films
from course_lib.data.records import made_by
from course_lib.metrics import BinaryConfusion
from course_lib.training import predict_all
from course_lib.training.processes import make_accelerator

PROGRAM = "python -m course_lib.cases.chexnet"


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    p = argparse.ArgumentParser(
        prog=PROGRAM,
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="The defaults are the paper's, but for --data.",
    )
    add = p.add_argument_group("films").add_argument
    add("--data", default="phantoms", help="phantoms (default); a folder of ChestX-ray14 as the "
        "NIH publishes it; medmnist:NAME; or, with --table, a folder of films")  # fmt: skip
    add("--table", help="CSV with Image Index, Finding Labels and Patient ID; split by patient")
    add("--root", help="folder of MedMNIST's files (default: ~/.medmnist)")
    add("--download", action="store_true", help="fetch MedMNIST's file if it is not there")
    add("--patients", type=int, default=1000, help="of phantoms (1000)")
    add("--size", type=int, default=224, help="films are brought to SIZE x SIZE pixels (224)")
    add("--task", choices=TASKS, default="findings", help="all findings, or pneumonia alone with "
        "the weighted loss (findings)")  # fmt: skip
    add = p.add_argument_group("network").add_argument
    add("--network", choices=("densenet121", "small"), default="densenet121",
        help="small is for films of 64 x 64, gray (densenet121)")  # fmt: skip
    add("--weights", choices=("imagenet", "none"), default="imagenet", help="what densenet121 "
        "begins with; imagenet is downloaded once (imagenet)")  # fmt: skip
    add = p.add_argument_group("training").add_argument
    add("--epochs", type=int, default=10, help="at most (10)")
    add("--batch-size", type=int, default=16, help="films a step, on each GPU (16)")
    add("--accumulate", type=int, default=1, help="batches a step (1)")
    add("--learning-rate", type=float, default=1e-3, help="divided by 10 when the validation loss "
        "stops falling (0.001)")  # fmt: skip
    add("--patience", type=int, help="stop after so many epochs without a better one")
    add("--precision", choices=("float32", "bf16"), default="float32", help="(float32)")
    add("--channels-last", action="store_true", help="the memory format that GPUs prefer")
    add("--compile", action="store_true", help="let torch.compile translate the network")
    add("--workers", type=int, default=0, help="processes that read films, for each GPU (0)")
    add("--seed", type=int, default=0, help="of phantoms, split, weights and order (0)")
    add("--out", type=Path, required=True, help="folder for checkpoints and result.json")
    return p


def main(arguments: Sequence[str] | None = None) -> dict[str, Any]:
    """Run, and return what `result.json` holds."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    p = parser()
    a = p.parse_args(given)
    try:
        return _run(a, f"{PROGRAM} {shlex.join(given)}")
    except (ValueError, OSError, FloatingPointError) as error:
        p.exit(1, f"{PROGRAM}: {error}\n")


def _run(a: argparse.Namespace, command: str) -> dict[str, Any]:
    small = a.network == "small"
    channels = 1 if small else 3
    films = open_films(
        a.data, task=a.task, size=a.size, channels=channels, seed=a.seed, patients=a.patients,
        table=a.table, root=a.root, download=a.download,
    )  # fmt: skip
    torch.manual_seed(a.seed)
    k = len(films.findings)
    model = small_chexnet(k) if small else chexnet(k, weights=_weights(a.weights))
    settings = {
        "patience": a.patience, "precision": a.precision, "accumulate": a.accumulate,
        "channels_last": a.channels_last, "compile": a.compile, "seed": a.seed,
        "workers": a.workers,
    }  # fmt: skip
    train_set, valid_set = films.parts["train"], films.parts["valid"]
    history = train_chexnet(
        model, train_set, valid_set, epochs=a.epochs, batch_size=a.batch_size,
        learning_rate=a.learning_rate, folder=a.out,
        balanced=train_set.labels if a.task == "pneumonia" else None, **settings,
    )  # fmt: skip
    predicted = {
        part: predict_all(
            model, films.parts[part], batch_size=a.batch_size, workers=a.workers,
            precision=a.precision,
        )
        for part in ("valid", "test")
    }  # fmt: skip
    labels, logits = (tensor.cpu() for tensor in predicted["test"])
    scores = logits.sigmoid()
    rows = auroc_table(labels, scores, films.parts["test"].patients, films.findings, seed=a.seed)
    result = {
        "data": films.words,
        "films": {part: len(data) for part, data in films.parts.items()},
        "patients": {part: len(set(d.patients.tolist())) for part, d in films.parts.items()},
        "task": a.task,
        "network": a.network,
        "weights": "none" if small else a.weights,
        "history": history.rows,
        "best_epoch": history.best_epoch,
        "auroc": {row.finding: row._asdict() for row in rows},
        **_f1(predicted, labels, scores, films.findings),
        "made_by": made_by(command, seed=a.seed, settings=settings, versions=_versions()),
    }
    if make_accelerator().is_main_process:
        _store(a.out / "result.json", result)
        print(f"{'finding':20} {'films':>5} AUROC  95% interval")
        for row in rows:
            print(
                f"{row.finding:20} {row.positives:5} {row.auroc:.3f}  {row.low:.3f}-{row.high:.3f}"
            )
        print(f"stored {a.out / 'result.json'}")
    return result


def _f1(
    predicted: dict[str, Any], labels: torch.Tensor, scores: torch.Tensor, findings: Sequence[str]
) -> dict[str, Any]:
    """Return thresholds that are best for F1 on the validation films, and F1 on the test's."""
    valid_labels, valid_scores = (tensor.cpu() for tensor in predicted["valid"])
    found: dict[str, Any] = {}
    for k, name in enumerate(findings):
        if valid_labels[:, k].any() and labels[:, k].any():
            threshold = best_f1_threshold(valid_labels[:, k], valid_scores[:, k].sigmoid())
            test = BinaryConfusion.from_scores(labels[:, k], scores[:, k], threshold=threshold)
            found[name] = {"threshold": threshold, "f1": test.f1}
    return {"f1": found}


def _weights(name: str) -> Any:
    if name == "none":
        return None
    from torchvision.models import DenseNet121_Weights

    return DenseNet121_Weights.IMAGENET1K_V1


def _versions() -> dict[str, str]:
    return {name: importlib.metadata.version(name) for name in ("accelerate", "torchvision")}


def _without_nan(value: Any) -> Any:
    """Return `value` with None for nan, which JSON does not know."""
    if isinstance(value, dict):
        return {name: _without_nan(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_without_nan(item) for item in value]
    return None if value != value else value


def _store(path: Path, result: dict[str, Any]) -> None:
    """Write whole or not at all."""
    part = path.with_name(path.name + ".part")
    text = json.dumps(_without_nan(result), indent=1, allow_nan=False)
    part.write_text(text + "\n", encoding="utf-8")
    os.replace(part, path)


if __name__ == "__main__":
    main()
    make_accelerator().end_training()
