"""How much slower are the loops of `course_lib.arithmetic`, and unfolding, than `F.conv2d`?

Times a 3 x 3 kernel on a 128 x 128 image in one run and prints each median and its ratio to
`torch.nn.functional.conv2d`. The rounds take turns, so that a busy moment hits all three.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F

from course_lib.arithmetic import cross_correlate2d


def milliseconds(call: Callable[[], object], repeats: int) -> float:
    """Return the mean time of one call over `repeats` calls."""
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - start) / repeats * 1000


def main() -> None:
    """Check that the three agree, time them, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=128, help="side of the image in pixels")
    parser.add_argument("--kernel", type=int, default=3, help="side of the kernel in pixels")
    parser.add_argument("--rounds", type=int, default=15, help="how many times each is timed")
    parser.add_argument("--threads", type=int, default=1, help="threads that torch may use")
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(options.size, options.size, generator=generator)
    kernel = torch.rand(options.kernel, options.kernel, generator=generator)
    rows, weights = image.tolist(), kernel.tolist()
    side = options.size - options.kernel + 1

    def unfold() -> torch.Tensor:
        return (kernel.flatten() @ F.unfold(image[None, None], options.kernel)).view(side, side)

    calls: dict[str, tuple[Callable[[], object], int]] = {
        "F.conv2d": (lambda: F.conv2d(image[None, None], kernel[None, None])[0, 0], 50),
        "F.unfold and matmul": (unfold, 50),
        "cross_correlate2d (loops)": (lambda: cross_correlate2d(rows, weights), 1),
    }
    results = [torch.as_tensor(call(), dtype=torch.float32) for call, _ in calls.values()]
    for result in results[1:]:
        torch.testing.assert_close(result, results[0])

    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(options.rounds):
        for name, (call, repeats) in calls.items():
            times[name].append(milliseconds(call, repeats))

    medians = {name: statistics.median(values) for name, values in times.items()}
    print(f"{options.kernel} x {options.kernel} kernel, {options.size} x {options.size} image,")
    print(f"float32, CPU, {options.threads} thread(s), median of {options.rounds} rounds\n")
    print(f"{'':26}{'ms':>10}{'ratio':>10}")
    for name, median in medians.items():
        print(f"{name:26}{median:10.3f}{median / medians['F.conv2d']:10,.1f}")


if __name__ == "__main__":
    main()
