"""Harrell's C with its counts, beside lifelines and scikit-survival, in one run.

`pip install lifelines scikit-survival`, which are no dependencies of the course; then
`python benchmarks/concordance.py`. Who is not installed is left out. A ratio above 1 says how many
times faster we are. scikit-survival counts pair by pair: it is timed up to 20,000 patients.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import astuple
from statistics import median
from typing import Any

import numpy as np
import torch

from course_lib.metrics import concordance_index

Peer = Callable[[Any, Any, Any], Any]


def peers() -> dict[str, Peer]:
    """Return those that are installed; each takes time, event and risk."""
    found: dict[str, Peer] = {}
    try:
        from lifelines.utils import concordance_index as theirs

        found["lifelines"] = lambda t, e, r: (theirs(t, -r, e),)
    except ImportError:
        pass
    try:
        from sksurv.metrics import concordance_index_censored

        # By default risks less than 1e-8 apart are tied, which costs a pair of 20,000 patients.
        found["scikit-survival"] = lambda t, e, r: concordance_index_censored(e, t, r, tied_tol=0)
    except ImportError:
        pass
    return found


def seconds(count: Peer, *cohort: Any) -> tuple[float, Any]:
    """Time one call, and return what it found."""
    start = time.perf_counter()
    found = count(*cohort)
    return time.perf_counter() - start, found


def compare(n: int, ties: bool, repeats: int) -> list[str]:
    """Return a line for each peer: median times, taken in turn, of numbers that are equal."""
    rng = np.random.default_rng(0)
    risk = rng.normal(size=n)
    when = rng.exponential(np.exp(-risk))
    if ties:
        risk, when = risk.round(1), np.ceil(np.minimum(when, 5) * 52)
    cohort = when, rng.random(n) < 0.5, risk
    lines = []
    for name, count in peers().items():
        if name == "scikit-survival" and n > 20_000:
            continue
        times = []
        concordance_index(*cohort)
        for _ in range(repeats):
            own, ours = seconds(concordance_index, *cohort)
            other, theirs = seconds(count, *cohort)
            times.append((own, other))
            assert abs(ours.index - theirs[0]) < 1e-12, (ours, theirs)
            assert len(theirs) == 1 or tuple(theirs) == astuple(ours), (ours, theirs)
        own, other = (median(column) for column in zip(*times, strict=True))
        kind = "tied" if ties else "distinct"
        lines.append(
            f"{n:>9,} {kind:>9} {own * 1000:>12.1f} {name:>16} {other * 1000:>10.1f} "
            f"{other / own:>7.1f}"
        )
    if not lines:
        own = median(seconds(concordance_index, *cohort)[0] for _ in range(repeats))
        lines.append(f"{n:>9,} {'tied' if ties else 'distinct':>9} {own * 1000:>12.1f}")
    return lines


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    print(f"CPU, {torch.get_num_threads()} threads, torch {torch.__version__}")
    head = f"{'patients':>9} {'values':>9} {'course (ms)':>12} {'peer':>16} {'peer (ms)':>10}"
    print(f"{head} {'ratio':>7}")
    for n in (1_000, 20_000, 100_000):
        for ties in (False, True):
            print(*compare(n, ties, arguments.repeats), sep="\n", flush=True)
