"""Compare hand-made features with a small network on one labeled data set, and record it.

    python benchmarks/compare_pipelines.py PATH --data "what it is, whose, license" --write NAME

PATH is a `.npz` of MedMNIST or a folder with one folder a class. Trains on all images (the network
from several seeds) and on several draws of 20, and counts the right answers on the test images.
"""

import argparse
import datetime
import json
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import skimage
import sklearn
import torch
from torch import Tensor

from course_lib.data.labeled import count_duplicates, load_labeled
from course_lib.devices import describe_device, find_device
from course_lib.pipelines import Predict, draw_few, fit_classical, fit_network

Fit = Callable[[Tensor, Tensor, int], Predict]
DRAWS, FEW = 5, 20


def ways(steps: int, few: bool) -> dict[str, Fit]:
    """Return the three ways to fit, by name; each takes images, labels and a seed."""
    steps = min(steps, 100) if few else steps
    device = find_device()
    return {
        "sharpness": lambda x, y, seed: fit_classical(x, y, features="sharpness"),
        "hog": lambda x, y, seed: fit_classical(x, y, features="hog"),
        "network": lambda x, y, seed: fit_network(x, y, steps=steps, seed=seed, device=device),
    }


def compare(path: Path, *, steps: int, seeds: int) -> dict[str, Any]:
    """Fit each way on all images and on draws of a few; count right answers on the test."""
    (train, labels, test, truth), names = load_labeled(path)
    results: dict[str, Any] = {}
    for name, fit in ways(steps, few=False).items():
        right, seconds = [], []
        for seed in range(seeds if name == "network" else 1):
            start = time.perf_counter()
            predicted = fit(train, labels, seed)(test)
            seconds.append(round(time.perf_counter() - start, 1))
            right.append(predicted == truth)
        results[name] = {
            "right_all": [int(found.sum()) for found in right],
            "right_all_by_class": truth[right[0]].bincount(minlength=len(names)).tolist(),
            "seconds_all": seconds,
            "right_few": [],
        }
        print(name, results[name])
    for name, fit in ways(steps, few=True).items():
        for seed in range(DRAWS):
            some = draw_few(labels, FEW, seed=seed)
            found = fit(train[some], labels[some], seed)(test) == truth
            results[name]["right_few"].append(int(found.sum()))
            if seed == 0:
                by_class = truth[found].bincount(minlength=len(names)).tolist()
                results[name]["right_few_by_class"] = by_class
        print(name, results[name])
    return {
        "classes": list(names),
        "training_images": len(train),
        "test_images": len(test),
        "training_images_by_class": labels.bincount().tolist(),
        "test_images_by_class": truth.bincount().tolist(),
        "test_images_equal_to_a_training_image": count_duplicates(train, test),
        "few": FEW,
        "results": results,
    }


def main() -> None:
    """Run the comparison and print or write the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--data", required=True, help="what the data are, whose, which license")
    parser.add_argument("--steps", type=int, default=600, help="training steps of the network")
    parser.add_argument("--seeds", type=int, default=3, help="networks trained on all images")
    parser.add_argument("--write", metavar="NAME", help="write the record into the package")
    options = parser.parse_args()
    record = {
        "data": options.data,
        "command": f"python benchmarks/compare_pipelines.py {options.path.name} "
        f"--steps {options.steps} --seeds {options.seeds} --data '{options.data}'",
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "device": describe_device().removeprefix("device: "),
        "machine": f"{platform.machine()}, {torch.get_num_threads()} thread(s) of torch",
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "scikit-learn": sklearn.__version__,
            "scikit-image": skimage.__version__,
        },
        **compare(options.path, steps=options.steps, seeds=options.seeds),
    }
    text = json.dumps(record, indent=2) + "\n"
    if options.write:
        folder = Path(__file__).parents[1] / "course_lib" / "data" / "recorded"
        (folder / f"{options.write}.json").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
