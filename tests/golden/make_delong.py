"""Make delong.json: AUC and its variance by the package confidenceinterval, which is no dependency.

    pip install --no-deps --target /tmp/peer "confidenceinterval==1.0.5"
    PYTHONPATH=/tmp/peer python tests/golden/make_delong.py

Its covariance of two AUCs is kept as well; it holds ranks in float32, so eight digits are too many.
"""

import json
from pathlib import Path

import numpy as np

CASES = {"small": (8, 1), "ties": (60, 4), "plain": (200, 1000)}


def large():
    """Return 100,000 labels and scores without a tie, from a rule."""
    i = np.arange(100_000)
    return i * 104729 % 3 == 0, (i * 7919 % 100_000).astype(float)


def main() -> None:
    """Write the file beside this one."""
    from confidenceinterval.delong import delong_roc_variance, fastDeLong

    found = {}
    for name, (n, levels) in CASES.items():
        rng = np.random.default_rng(n)
        y = np.arange(n) % 3 == 0
        scores = rng.normal(size=(2, n)) + y
        if levels > 1:
            scores = np.round(scores * levels / 4)
        auc, variance = delong_roc_variance(y, scores[0])
        both, covariance = fastDeLong(scores[:, (~y).argsort(kind="stable")], int(y.sum()), None)
        found[name] = {
            "y_true": y.astype(int).tolist(),
            "y_score": scores.tolist(),
            "auc": float(auc),
            "variance": float(variance),
            "aucs": both.tolist(),
            "covariance": covariance.tolist(),
        }
    y, score = large()
    found_auc, _ = delong_roc_variance(y, score)
    found["auc of large"] = float(found_auc)
    Path(__file__).with_name("delong.json").write_text(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
