"""How much faster is the bootstrap of an AUROC than a loop around scikit-learn's?

Same rows, same replicates (asserted); the last line draws patients.
"""

from time import perf_counter

import numpy as np
import torch
from sklearn.metrics import roc_auc_score

from course_lib.metrics import bootstrap_interval, bootstrap_replicates
from course_lib.metrics._resampling import plan

N, RESAMPLES = 1_000, 2_000


def loop(y: np.ndarray, score: np.ndarray) -> list[float]:
    """Return the replicates of seed 0, one by one."""
    made, generator = plan(N, None, None), torch.Generator().manual_seed(0)
    rows = [r.numpy() for drawn in made.draws(RESAMPLES, generator) for r in made.rows(drawn)]
    return [roc_auc_score(y[r], score[r]) for r in rows]


def main() -> None:
    """Print the times and their ratio."""
    rng = np.random.default_rng(0)
    y = np.arange(N) % 5 == 0
    score = rng.normal(size=N) + y
    start = perf_counter()
    wanted = loop(y, score)
    peer = perf_counter() - start
    threads = torch.get_num_threads()
    print(
        f"AUROC, n = {N:,}, B = {RESAMPLES:,}, {threads} thread(s); scikit-learn loop {peer:.2f} s"
    )
    found = bootstrap_replicates("roc_auc_score", y, score, generator=0, resamples=RESAMPLES)
    assert np.abs(found.numpy() - wanted).max() < 1e-12
    for name, groups, method in (
        ("percentile", None, "percentile"),
        ("BCa", None, "bca"),
        ("percentile, patients of 4", np.arange(N) // 4, "percentile"),
    ):
        times = []
        for _ in range(5):
            start = perf_counter()
            bootstrap_interval("roc_auc_score", y, score, generator=0, groups=groups, method=method)
            times.append(perf_counter() - start)
        best = min(times)
        print(f"{name:26} {best * 1e3:7.1f} ms   {peer / best:6.0f} times faster")


if __name__ == "__main__":
    main()
