"""How much faster is DeLong's interval than that of the package confidenceinterval?

The package is no dependency; without it only our time is printed. To compare:

    pip install --no-deps --target /tmp/peer confidenceinterval statsmodels patsy pandas
    PYTHONPATH=/tmp/peer python benchmarks/delong.py
"""

from time import perf_counter

import numpy as np

from course_lib.metrics import delong_interval

N = 100_000


def main() -> None:
    """Print the times and their ratio, without ties and with many."""
    try:
        from confidenceinterval import roc_auc_score as peer
    except ImportError:
        peer = None
    rng = np.random.default_rng(0)
    y = np.arange(N) % 10 == 0
    plain = rng.normal(size=N) + y
    for name, score in (("no ties", plain), ("ties, 0.01 apart", np.round(plain, 2))):
        ours, theirs = [], []
        for _ in range(9):
            start = perf_counter()
            found = delong_interval(y, score)
            ours.append(perf_counter() - start)
            if peer is not None:
                start = perf_counter()
                auc, ends = peer(y, score)
                theirs.append(perf_counter() - start)
                assert np.abs(np.array(found) - [auc, *ends]).max() < 1e-5
        line = f"DeLong, n = {N:,}, {name:16} {min(ours) * 1e3:7.1f} ms"
        if theirs:
            ratio = min(theirs) / min(ours)
            line += f"   package {min(theirs) * 1e3:7.1f} ms   {ratio:5.1f} times faster"
        print(line)
    if peer is None:
        print("confidenceinterval is not installed: see the top of this file")


if __name__ == "__main__":
    main()
