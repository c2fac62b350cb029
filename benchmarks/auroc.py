"""How fast is the exact AUROC of many labels beside scikit-learn's, called label by label?

The size is that of ChestX-ray14: 112,120 films, 14 findings that 5% have.
"""

import torch
from sklearn import metrics as theirs

from course_lib import metrics as ours
from measuring import Bar, Claim, compare, main

FILMS, FINDINGS, SHARE = 112_120, 14, 0.05


def _measure(metric: str, small: bool) -> Claim:
    generator = torch.Generator().manual_seed(0)
    shape = (1_000, 3) if small else (FILMS, FINDINGS)
    labels = torch.rand(shape, generator=generator) < SHARE
    noise = torch.randn(shape, generator=generator, dtype=torch.float64)
    precise = torch.sigmoid(noise + labels)
    mine, peer = getattr(ours, metric), getattr(theirs, metric)
    cases = []
    for kind, scores in (
        ("float64", precise),
        ("float32", precise.float()),
        ("two decimals", precise.round(decimals=2)),
    ):
        y_true, y_score = labels.numpy().astype("int64"), scores.numpy()

        def ask(scores: torch.Tensor = scores) -> torch.Tensor:
            return mine(labels, scores)

        def loop(y_true=y_true, y_score=y_score) -> list[float]:
            return [peer(y_true[:, n], y_score[:, n]) for n in range(shape[1])]

        wanted = torch.tensor(loop(), dtype=torch.float64)
        torch.testing.assert_close(ask(), wanted, rtol=0, atol=1e-12)
        cases.append(compare(f"scores: {kind}", ask, loop, 1 if small else 4))
    return Claim(
        title={"roc_auc_score": "AUROC", "average_precision_score": "Average precision"}[metric]
        + " of many findings",
        means="Ours takes the whole table of scores; scikit-learn's is called once a finding.",
        size=f"{shape[0]:,} films × {shape[1]} findings",
        ours="course_lib",
        peer="scikit-learn",
        bar=Bar("share", 0.6) if metric == "roc_auc_score" else None,
        cases=cases,
    )


def auroc(small: bool) -> Claim:
    """Measure the area under the ROC curve."""
    return _measure("roc_auc_score", small)


def average_precision(small: bool) -> Claim:
    """Measure the average precision."""
    return _measure("average_precision_score", small)


CLAIMS = (auroc, average_precision)

if __name__ == "__main__":
    main(*CLAIMS)
