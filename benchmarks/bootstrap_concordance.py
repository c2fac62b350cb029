"""How much faster is the bootstrap of Harrell's C than a loop around lifelines'?

Same rows, same replicates (asserted). `pip install lifelines`, which is no dependency of the
course; without it, the loop is around `course_lib.metrics.concordance_index`.
"""

from collections.abc import Callable
from time import perf_counter

import numpy as np
import torch

from course_lib.metrics import bootstrap_interval, bootstrap_replicates, concordance_index
from course_lib.metrics._resampling import plan

N, RESAMPLES = 1_000, 2_000
Peer = Callable[[np.ndarray, np.ndarray, np.ndarray], float]


def peer() -> tuple[str, Peer]:
    """Return lifelines if it is installed, or else our own function, of one resample."""
    try:
        from lifelines.utils import concordance_index as theirs
    except ImportError:
        print("`pip install lifelines` compares with lifelines")
        return "own", lambda time, event, risk: concordance_index(time, event, risk).index
    return "lifelines", lambda time, event, risk: theirs(time, -risk, event)


def loop(of_rows: Peer, *cohort: np.ndarray) -> list[float]:
    """Return the replicates of seed 0, one by one."""
    made, generator = plan(N, None, None), torch.Generator().manual_seed(0)
    rows = [r.numpy() for drawn in made.draws(RESAMPLES, generator) for r in made.rows(drawn)]
    return [of_rows(*(values[r] for values in cohort)) for r in rows]


def main() -> None:
    """Print the times and their ratio."""
    name, of_rows = peer()
    threads = torch.get_num_threads()
    print(f"Harrell's C, n = {N:,}, B = {RESAMPLES:,}, {threads} thread(s)")
    for share in (0.2, 0.5, 1.0):
        rng = np.random.default_rng(0)
        risk = rng.normal(size=N)
        cohort = rng.exponential(np.exp(-risk)), rng.random(N) < share, risk
        start = perf_counter()
        wanted = loop(of_rows, *cohort)
        slow = perf_counter() - start
        found = bootstrap_replicates("concordance_index", *cohort, generator=0, resamples=RESAMPLES)
        assert np.abs(found.numpy() - wanted).max() < 1e-12
        print(f"{cohort[1].sum():,} events; {name} loop {slow:.2f} s")
        for kind, groups, method in (
            ("percentile", None, "percentile"),
            ("BCa", None, "bca"),
            ("percentile, patients of 4", np.arange(N) // 4, "percentile"),
        ):
            times = []
            for _ in range(5):
                start = perf_counter()
                bootstrap_interval(
                    "concordance_index",
                    *cohort,
                    generator=0,
                    resamples=RESAMPLES,
                    groups=groups,
                    method=method,
                )
                times.append(perf_counter() - start)
            best = min(times)
            print(f"  {kind:26} {best * 1e3:7.1f} ms   {slow / best:6.0f} times faster")


if __name__ == "__main__":
    main()
