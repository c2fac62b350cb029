"""How much faster is a fully convolutional network than the classifier on each crop?

Both say the same for each position of a larger image; in one run, the median of each and its ratio.
The crops go through the classifier in batches. The rounds take turns, so that a busy moment hits
both.
"""

import argparse
import statistics
import time

import torch
from torch import Tensor, nn

from course_lib.arithmetic import receptive_field
from course_lib.layers import fully_convolutional


def classifier(size: int) -> nn.Module:
    """Return a small classifier without padding for images of `size` pixels."""
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    for inputs, outputs in ((1, 16), (16, 32), (32, 64)):
        layers += [nn.Conv2d(inputs, outputs, 3), nn.ReLU(), nn.MaxPool2d(2)]
    with torch.no_grad():
        width = nn.Sequential(*layers)(torch.zeros(1, 1, size, size)).numel()
    head = [nn.Flatten(), nn.Linear(width, 64), nn.ReLU(), nn.Linear(64, 10)]
    return nn.Sequential(*layers, *head).eval()


@torch.no_grad()
def main() -> None:
    """Check that both say the same, time them, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=64, help="trained size in pixels")
    parser.add_argument("--image", type=int, default=256, help="side of the large image in pixels")
    parser.add_argument("--batch", type=int, default=64, help="crops at a time")
    parser.add_argument("--rounds", type=int, default=7, help="how many times each is timed")
    parser.add_argument("--threads", type=int, default=1, help="threads that torch may use")
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    model = classifier(options.size)
    converted = fully_convolutional(model, options.size)
    jump = int(receptive_field(converted, options.image)[-1].jump[0])
    image = torch.rand(1, 1, options.image, options.image)

    def crops() -> Tensor:
        windows = image[0, 0].unfold(0, options.size, jump).unfold(1, options.size, jump)
        down, right = windows.shape[:2]
        batches = windows.reshape(-1, 1, options.size, options.size).split(options.batch)
        return torch.cat([model(batch) for batch in batches]).T.reshape(1, -1, down, right)

    calls = {"crop by crop": crops, "fully convolutional": lambda: converted(image)}
    first, second = (call() for call in calls.values())
    torch.testing.assert_close(first, second, rtol=1e-4, atol=1e-5)

    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(options.rounds):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            times[name].append((time.perf_counter() - start) * 1000)
    medians = {name: statistics.median(values) for name, values in times.items()}
    places = f"{first.shape[2]} x {first.shape[3]} positions, {jump} pixels apart"
    print(f"{options.size} pixels trained, {options.image} x {options.image} image, {places},")
    print(f"float32, CPU, {options.threads} thread(s), median of {options.rounds} rounds\n")
    print(f"{'':22}{'ms':>10}{'ratio':>10}")
    for name, median in medians.items():
        print(f"{name:22}{median:10.1f}{median / medians['fully convolutional']:10,.1f}")


if __name__ == "__main__":
    main()
