"""How fast is the exact AUROC of many labels beside scikit-learn's, called label by label?

The size is that of ChestX-ray14: 112,120 films, 14 findings that 5% have. One thread; the rounds
take turns, so that a busy moment hits both; the values are compared first.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import sklearn
import torch
from sklearn import metrics as theirs

from course_lib import metrics as ours
from course_lib.devices import describe_device


def seconds(function: Callable[[], object]) -> float:
    """Time one call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def main() -> None:
    """Compare the values, time each metric in turns, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--films", type=int, default=112_120)
    parser.add_argument("--labels", type=int, default=14)
    parser.add_argument("--share", type=float, default=0.05, help="of positives")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()

    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    shape = options.films, options.labels
    labels = torch.rand(shape, generator=generator) < options.share
    noise = torch.randn(shape, generator=generator, dtype=torch.float64)
    precise = torch.sigmoid(noise + labels)
    print(f"{describe_device()}, torch {torch.__version__}, scikit-learn {sklearn.__version__},")
    print(f"1 thread, {shape[0]:,} x {shape[1]}, {options.share:.0%} positives, median of")
    print(f"{options.rounds} rounds that take turns\n")
    print(f"{'':40}{'ours, ms':>10}{'theirs, ms':>12}{'ours / theirs':>15}")
    for name in ("roc_auc_score", "average_precision_score"):
        for kind, scores in (
            ("float64", precise),
            ("float32", precise.float()),
            ("two decimals", precise.round(decimals=2)),
        ):
            y_true, y_score = labels.numpy().astype("int64"), scores.numpy()
            mine, peer = getattr(ours, name), getattr(theirs, name)

            def ask(mine: Callable = mine, scores: torch.Tensor = scores) -> torch.Tensor:
                return mine(labels, scores)

            def loop(peer: Callable = peer, y_true=y_true, y_score=y_score) -> list[float]:
                return [peer(y_true[:, n], y_score[:, n]) for n in range(shape[1])]

            torch.testing.assert_close(
                ask(), torch.tensor(loop(), dtype=torch.float64), rtol=0, atol=1e-12
            )
            turns = [(seconds(ask), seconds(loop)) for _ in range(options.rounds)]
            ratio = statistics.median(a / b for a, b in turns)
            one, other = (statistics.median(each) * 1000 for each in zip(*turns, strict=True))
            print(f"{f'{name}, {kind}':40}{one:10.1f}{other:12.1f}{ratio:15.3f}", flush=True)


if __name__ == "__main__":
    main()
