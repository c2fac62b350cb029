"""The scores of the threshold clinic: real ones of the chapter ROC and AUC, and two simulated sets.

Real: a logistic regression on four measurements, fitted on one half of 569 lumps of the breast, and
its scores of the other half, as the chapter computes them. Simulated, without luck, as exact
quantiles of two normal distributions: scores that know nothing (AUC 0.5), and excellent ones.

`--write` stores the record that `course_lib.widgets.ThresholdLab` shows; without it the AUCs are
printed.
"""

import argparse
from pathlib import Path
from statistics import NormalDist
from typing import Any

import sklearn
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from course_lib import data
from course_lib.data.records import made_by, store_record
from course_lib.data.tables import breast_cancer
from course_lib.widgets.threshold_scores import sample_of

RECORD = Path(data.__file__).parent / "recorded" / "threshold_clinic.json"
KEPT = ("texture", "smoothness", "symmetry", "fractal dimension")
PEOPLE = 120  # of each class, simulated


def lumps() -> tuple[Tensor, Tensor]:
    """Fit the chapter's classifier; return labels and scores of the lumps for testing, (285,)."""
    features, malignant, names = breast_cancer()
    columns = [names.index(f"mean {name}") for name in KEPT]
    x, y = features[:, columns].double().numpy(), malignant.long().numpy()
    x_fit, x_test, y_fit, y_test = train_test_split(x, y, test_size=0.5, stratify=y, random_state=0)
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(x_fit, y_fit)
    return torch.tensor(y_test), torch.tensor(model.predict_proba(x_test)[:, 1])


def simulated(auc: float) -> tuple[Tensor, Tensor]:
    """Return labels and scores of an area, (240,): the ill and the well are normal, one step apart.

    The scores are calibrated where half of the people are ill, except for an AUC of 0.5, whose
    scores would all be 0.5: those are spread out.
    """
    shift = NormalDist().inv_cdf(auc) * 2**0.5
    normal = torch.tensor([NormalDist().inv_cdf((k + 0.5) / PEOPLE) for k in range(PEOPLE)])
    both = torch.cat([normal - shift / 2, normal + shift / 2]).double()
    return torch.arange(2 * PEOPLE) // PEOPLE, torch.sigmoid(max(shift, 1) * both)


def compute() -> list[dict[str, Any]]:
    """Compute all samples of the lab."""
    real = (
        "285 lumps of the breast, 106 malignant: the test half of this chapter, scored by a "
        "logistic regression on four measurements."
    )
    about = f"Simulated: {PEOPLE} ill and {PEOPLE} well people, "
    return [
        sample_of("lumps", "breast lumps (real)", *lumps(), about=real),
        sample_of(
            "useless",
            "useless (simulated)",
            *simulated(0.5),
            about=f"{about}whose scores know nothing.",
        ),
        sample_of(
            "excellent",
            "excellent (simulated)",
            *simulated(0.98),
            about=f"{about}whose scores hardly overlap.",
        ),
    ]


def main() -> None:
    """Print what was computed, or store it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="store the record")
    write = parser.parse_args().write
    samples = compute()
    for sample in samples:
        print(f"{sample['title']}: AUC", *sample["auc"])
    if write:
        command = "python benchmarks/threshold_clinic.py --write"
        made = made_by(command, seeds=0, sklearn=sklearn.__version__)
        store_record(RECORD, {"samples": samples, "made_by": made})


if __name__ == "__main__":
    main()
