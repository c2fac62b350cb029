"""Cox's loss, forward and backward, beside torchsurv's, in one run.

`pip install torchsurv`, which is no dependency of the course; then `python benchmarks/cox_loss.py`.
Without it, only our own times are shown. A ratio above 1 says how many times faster we are.
"""

import argparse
import time
import warnings
from collections.abc import Callable
from statistics import median
from typing import Any

import torch
from torch import Tensor

from course_lib.devices import describe_device, find_device
from course_lib.losses import cox_loss


def peer() -> Callable[..., Tensor] | None:
    """Return torchsurv's loss, if it is here."""
    try:
        with warnings.catch_warnings(action="ignore"):
            from torchsurv.loss.cox import neg_partial_log_likelihood
    except ImportError:
        return None
    found: Callable[..., Tensor] = neg_partial_log_likelihood
    return found


def seconds(loss: Callable[[Tensor], Tensor], risk: Tensor) -> float:
    """Time one step, forward and backward."""
    risk = risk.clone().requires_grad_()
    if risk.is_cuda:
        torch.cuda.synchronize()
    start = time.perf_counter()
    loss(risk).backward()
    if risk.is_cuda:
        torch.cuda.synchronize()
    return time.perf_counter() - start


def compare(n: int, ties: Any, repeats: int, device: torch.device) -> str:
    """Return one line of the table: median times, taken in turn."""
    generator = torch.Generator().manual_seed(0)
    risk = torch.randn(n, generator=generator).to(device)
    event = (torch.rand(n, generator=generator) < 0.3).to(device)
    # Days in five years, so that events tie.
    when = torch.randint(1, 1826, (n,), generator=generator).float().to(device)
    theirs = peer()

    def ours(x: Tensor) -> Tensor:
        return cox_loss(x, when, event, ties=ties)

    def other(x: Tensor) -> Tensor:
        assert theirs is not None
        return theirs(x, event, when, ties_method=ties)

    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats):
        times[0].append(seconds(ours, risk))
        if theirs is not None:
            times[1].append(seconds(other, risk))
    own = median(times[0][1:])
    line = f"{n:>9,} {ties:>8} {own * 1000:>12.2f}"
    if times[1]:
        peers = median(times[1][1:])
        line += f" {peers * 1000:>14.2f} {peers / own:>7.2f}"
    return line


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=11)
    arguments = parser.parse_args()
    device = find_device()
    print(f"{describe_device()}, {torch.get_num_threads()} threads, torch {torch.__version__}")
    print(f"{'patients':>9} {'ties':>8} {'course (ms)':>12} {'torchsurv (ms)':>14} {'ratio':>7}")
    for n in (64, 1_000, 10_000, 100_000):
        for ties in ("efron", "breslow"):
            print(compare(n, ties, arguments.repeats, device))
