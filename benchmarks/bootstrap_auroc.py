"""How much faster is the bootstrap of an AUROC than a loop around scikit-learn's?

Same rows, same replicates (asserted).
"""

import numpy as np
import torch
from sklearn.metrics import roc_auc_score

from course_lib.metrics import bootstrap_interval, bootstrap_replicates
from course_lib.metrics._resampling import plan
from measuring import Bar, Claim, case, main, take_turns


def bootstrap(small: bool) -> Claim:
    """Measure both kinds of interval, and the one that draws patients."""
    n, resamples = (200, 20) if small else (1_000, 2_000)
    rng = np.random.default_rng(0)
    y = np.arange(n) % 5 == 0
    score = rng.normal(size=n) + y

    wanted: list[float] = []

    def loop() -> None:
        made, generator = plan(n, None, None), torch.Generator().manual_seed(0)
        rows = [r.numpy() for drawn in made.draws(resamples, generator) for r in made.rows(drawn)]
        wanted[:] = [roc_auc_score(y[r], score[r]) for r in rows]

    def ask(groups: np.ndarray | None, method: str) -> object:
        return bootstrap_interval(
            "roc_auc_score",
            y,
            score,
            generator=0,
            resamples=resamples,
            groups=groups,
            method=method,
        )

    patients = np.arange(n) // 4
    times = take_turns(
        {
            "loop": loop,
            "percentile": lambda: ask(None, "percentile"),
            "BCa": lambda: ask(None, "bca"),
            "percentile, patients of 4 images": lambda: ask(patients, "percentile"),
        },
        1 if small else 3,
    )
    found = bootstrap_replicates("roc_auc_score", y, score, generator=0, resamples=resamples)
    assert np.abs(found.numpy() - wanted).max() < 1e-12
    peer = times.pop("loop")
    return Claim(
        title="Bootstrap of an AUROC",
        means="The peer draws the same resamples and calls scikit-learn's roc_auc_score in a loop. "
        "Drawing patients instead of images has no peer: it stands beside the same loop.",
        size=f"{n:,} images, {resamples:,} resamples",
        ours="course_lib",
        peer="scikit-learn",
        bar=Bar("times", 50),
        cases=[case(name, ours, peer) for name, ours in times.items()],
    )


CLAIMS = (bootstrap,)

if __name__ == "__main__":
    main(*CLAIMS)
